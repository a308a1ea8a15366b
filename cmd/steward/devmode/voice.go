package devmode

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// voice tells a person what happens. Several parts may speak at once; each sentence stays whole.
type voice struct {
	mu  sync.Mutex
	out io.Writer
}

func (v *voice) say(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, _ = io.WriteString(v.out, strings.TrimRight(text, "\n")+"\n")
}

func (v *voice) sayf(format string, args ...any) { v.say(fmt.Sprintf(format, args...)) }
