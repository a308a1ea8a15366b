package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTest(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	put("sound.yaml", soundDefinition)
	put("sound.test.yaml", `- { name: ends, start: "2026-03-02 09:00", input: { n: 1, text: a }, outcome: done }
- { name: never ends, start: "2026-03-02 09:00", input: { n: 1, text: a }, people: absent, outcome: done }
`)
	put("other.test.yaml", "- { name: a }\n")

	out, code, message := author(t, "", "test", folder)
	require.Equal(t, 1, code)
	require.Empty(t, message)
	require.Contains(t, out, "ok    "+folder+"/sound.test.yaml:1 ends (")
	require.Contains(t, out, "FAIL  "+folder+"/sound.test.yaml:2 never ends\n      it must end with \"done\", but it has not ended\n")
	require.Contains(t, out, "FAIL  "+folder+"/other.test.yaml\n      "+folder+"/other.test.yaml tests "+folder+"/other.yaml: read definition")
	require.Contains(t, out, "2 scenarios, 1 failed, 1 file could not be run")

	out, code, _ = author(t, "", "test", folder, "--format", "json")
	require.Equal(t, 1, code)
	require.Contains(t, out, `"failed": 1`)

	out, code, _ = author(t, "", "test", leaves+"/office/leave_request.test.yaml")
	require.Zero(t, code, out)
	require.Contains(t, out, "6 scenarios, 0 failed")

	out, code, _ = author(t, "", "test", leaves+"/office/leave_request.yaml", leaves+"/office/leave_request.test.yaml", leaves+"/office/key_return.yaml")
	require.Zero(t, code, out)
	require.Contains(t, out, "6 scenarios, 0 failed", "those beside the definition, once")

	for _, path := range []string{leaves + "/office/key_return.yaml", leaves + "/registers"} {
		for _, format := range []string{"text", "json"} {
			_, code, message = author(t, "", "test", path, "--format", format)
			require.Equal(t, 1, code, "nothing was tested")
			require.Contains(t, message, path)
			require.Contains(t, message, ".test.yaml")
		}
	}

	_, code, message = author(t, "", "test", "nowhere")
	require.Equal(t, 2, code)
	require.Contains(t, message, "nowhere does not exist")
}

// TestTheBuiltInLibraryPasses is what `steward test` without a path promises.
func TestTheBuiltInLibraryPasses(t *testing.T) {
	t.Parallel()
	out, code, message := author(t, "", "test")
	require.Zero(t, code, out+message)
	require.Contains(t, out, " 0 failed")
}
