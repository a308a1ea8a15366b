package temporalproc

import (
	"bytes"
	"io"
	"sync"
)

// tailLimit is how many bytes of the program's last words are kept.
const tailLimit = 16 << 10

// tail keeps the end of what is written to it and passes everything on.
type tail struct {
	mu   sync.Mutex
	last []byte
	next io.Writer // may be nil
}

// Write never fails for what it keeps itself: a full disk behind next must not
// stop the program that talks.
func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, text...)
	if over := len(t.last) - tailLimit; over > 0 {
		t.last = append([]byte(nil), t.last[over:]...)
	}
	if t.next != nil {
		_, _ = t.next.Write(text)
	}
	return len(text), nil
}

// String returns what is kept, without surrounding space.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
