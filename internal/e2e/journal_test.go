package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// acknowledged is one answer that a client got and that must never be lost.
type acknowledged struct {
	Process string `json:"process"`
	Command string `json:"command"`
	Step    string `json:"step"`
	Seq     int64  `json:"seq"`    // its place in the decision log; 0 when it was only stored
	Stored  bool   `json:"stored"` // answered 202: safe, to be decided later
}

// journal is the file in which clients write every answer that they got, apart from all programs.
type journal struct {
	t    *testing.T
	mu   sync.Mutex
	file *os.File
}

func newJournal(t *testing.T) *journal {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "acknowledged.jsonl"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return &journal{t: t, file: file}
}

func (j *journal) write(a acknowledged) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := json.NewEncoder(j.file).Encode(a); err != nil {
		j.t.Errorf("write the journal: %v", err)
	}
}

// read answers everything that was acknowledged, oldest first.
func (j *journal) read() []acknowledged {
	j.t.Helper()
	file, err := os.Open(j.file.Name())
	require.NoError(j.t, err)
	defer func() { _ = file.Close() }()
	var all []acknowledged
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var a acknowledged
		require.NoError(j.t, json.Unmarshal(lines.Bytes(), &a))
		all = append(all, a)
	}
	return all
}

// read takes from an answer what the journal keeps.
func read(answer map[string]any, step string) acknowledged {
	a := acknowledged{Step: step}
	a.Process, _ = answer["process"].(string)
	a.Command, _ = answer["command"].(string)
	seq, _ := answer["seq"].(float64) // as JSON has it
	a.Seq = int64(seq)
	return a
}
