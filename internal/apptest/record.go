package apptest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/workflows"
)

// RecordVariable is the environment variable that asks to write recordings where there are none yet.
const RecordVariable = "STEWARD_RECORD"

// largestPlain is the size in bytes above which a recording is compressed.
const largestPlain = 256 << 10

// Replay runs the workflow again over a history that it has written.
func Replay(t testing.TB, history *historypb.History) {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))
}

// Keep proves that what a process has left can be read again: its log, and the history of a run of its workflow ("" for the
// latest). Where recordings are asked for and there is none of this name yet, it writes them, the log with the latest run; an
// existing recording is never touched.
func (h *House) Keep(name, process, run string) {
	h.T.Helper()
	require.NoError(h.T, h.App.Advancer.Verify(h.T.Context(), uuid.MustParse(process)))
	history := h.History(process, run)
	Replay(h.T, history)
	if os.Getenv(RecordVariable) == "" {
		return
	}
	keepHistory(h.T, name, history)
	if run == "" {
		h.keepLog(name, process)
		h.keepBundle(process)
	}
}

// identities are the names of the machine and program that wrote an event, and of the queues named after them; they mean nothing
// to a replay.
var identities = regexp.MustCompile(`"(identity|name)":\s*"(\d+@[^"]*|[^":]+:[0-9a-f-]{36})"`)

func keepHistory(t testing.TB, name string, history *historypb.History) {
	t.Helper()
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(history)
	require.NoError(t, err)
	text = identities.ReplaceAll(text, []byte(`"$1": "recorded"`))
	if name += ".json"; len(text) > largestPlain {
		name, text = name+".gz", zipped(t, text)
	}
	writeOnce(t, filepath.Join("workflows", "testdata", "history", name), text)
}

func (h *House) keepLog(name, process string) {
	h.T.Helper()
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, r := range h.Log(process) {
		require.NoError(h.T, encoder.Encode(r))
	}
	writeOnce(h.T, filepath.Join("workflows", "engine", "testdata", "logs", name+".jsonl"), lines.Bytes())
}

// keepBundle writes the definition of a process beside the logs, under its digest, so that logs can share it.
func (h *House) keepBundle(process string) {
	h.T.Helper()
	var bundle, digest, id string
	err := h.App.Store.Lists().QueryRow(h.T.Context(), `SELECT d.bundle, d.digest, d.id FROM definitions d JOIN processes p ON p.definition_id = d.id AND p.version = d.version
WHERE p.id = $1`, process).Scan(&bundle, &digest, &id)
	require.NoError(h.T, err)
	writeOnce(h.T, filepath.Join("workflows", "engine", "testdata", "logs", "definitions", id+"-"+digest[:12]+".json"), []byte(bundle+"\n"))
}

func zipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return small.Bytes()
}

// writeOnce writes a file below the module's root, unless it exists.
func writeOnce(t testing.TB, name string, text []byte) {
	t.Helper()
	name = filepath.Join(moduleRoot(t), name)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o750))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return
	}
	require.NoError(t, err)
	_, err = f.Write(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// moduleRoot is the folder of go.mod, at or above the working directory.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "there is no go.mod at or above the working directory")
		dir = filepath.Dir(dir)
	}
}
