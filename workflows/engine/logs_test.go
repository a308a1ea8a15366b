package engine_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/workflows/engine"
)

// logRow is one row of a recorded decision log.
type logRow struct {
	Seq     int64  `json:"seq"`
	EventID string `json:"event_id"`
	Event   string `json:"event"`
	Changes string `json:"changes"`
	Hash    []byte `json:"hash"`
	Digest  []byte `json:"digest"`
}

// TestRecordedLogsFold: what was decided under an earlier build leads to the same state under this one, and is unaltered.
func TestRecordedLogsFold(t *testing.T) {
	t.Parallel()
	for _, file := range recordings(t, "testdata/logs/*.jsonl") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			st, head := &engine.State{}, []byte{}
			for n, row := range readLog(t, file) {
				require.EqualValues(t, n+1, row.Seq)
				var event engine.Event
				require.NoError(t, json.Unmarshal([]byte(row.Event), &event))
				require.Equal(t, row.EventID, event.ID)
				head = link(head, row)
				require.Equal(t, row.Hash, head, "row %d was altered", row.Seq)
				changes, err := engine.DecodeChanges([]byte(row.Changes))
				require.NoError(t, err, "row %d", row.Seq)
				st = engine.Fold(st, changes...)
				text, err := json.Marshal(st)
				require.NoError(t, err)
				digest := sha256.Sum256(text)
				require.Equal(t, row.Digest, digest[:], "row %d leads to another state: %s", row.Seq, text)
			}
			require.Equal(t, engine.StatusEnded, st.Status)
			require.FileExists(t, definitionOf(st))
		})
	}
}

// TestRecordedChangesLoseNothing: a change that was read is written again with everything that it said.
func TestRecordedChangesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, file := range recordings(t, "testdata/logs/*.jsonl") {
		for _, row := range readLog(t, file) {
			changes, err := engine.DecodeChanges([]byte(row.Changes))
			require.NoError(t, err)
			text, err := engine.EncodeChanges(changes)
			require.NoError(t, err)
			require.JSONEq(t, row.Changes, string(text), "%s row %d", file, row.Seq)
		}
	}
}

// TestRecordedDefinitionsCompile: a process that runs on a definition published long ago still finds it.
func TestRecordedDefinitionsCompile(t *testing.T) {
	t.Parallel()
	registry := definitions.NewRegistry(definitions.Builtin()...)
	for _, file := range recordings(t, "testdata/logs/definitions/*.json") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var bundle definitions.Bundle
		require.NoError(t, json.Unmarshal(text, &bundle))
		def, problems := definitions.Compile(bundle, registry)
		require.NotNil(t, def, "%s: %v", file, problems)
		require.Equal(t, file, definitionFile(def.ID, def.Digest), "the digest of a published definition never changes")
	}
}

func definitionOf(st *engine.State) string {
	return definitionFile(st.Definition.ID, st.Definition.Digest)
}

func definitionFile(id, digest string) string {
	return filepath.Join("testdata", "logs", "definitions", id+"-"+digest[:12]+".json")
}

func recordings(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, "the recordings are gone: %s", pattern)
	return files
}

func readLog(t *testing.T, file string) []logRow {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var rows []logRow
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row logRow
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		rows = append(rows, row)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, rows)
	return rows
}

// link is the hash chain as the documentation states it, written down a second time: SHA-256 over the link before, the sequence,
// the event and the changes, each text after its length, numbers in eight bytes, big end first.
func link(before []byte, row logRow) []byte {
	var b []byte
	text := func(s []byte) { b = append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...) }
	text(before)
	b = binary.BigEndian.AppendUint64(b, uint64(row.Seq))
	text([]byte(row.Event))
	text([]byte(row.Changes))
	sum := sha256.Sum256(b)
	return sum[:]
}
