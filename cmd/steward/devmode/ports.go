package devmode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ports are those of Temporal in the last run. Keeping them makes bookmarks and clients work after a restart.
type ports struct {
	Temporal int `json:"temporal"`
	UI       int `json:"ui"`
}

func portsFile(dir string) string { return filepath.Join(dir, "ports.json") }

// recall reads what the last run remembered in a file; there is nothing in a new folder, and a file that cannot be read is as good
// as none.
func recall[T any](name string) T {
	var kept, nothing T
	text, err := os.ReadFile(name)
	if err != nil || json.Unmarshal(text, &kept) != nil {
		return nothing
	}
	return kept
}

// remember keeps something for the next run.
func remember(name string, kept any) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return writeFile(name, text)
}

// writeFile replaces a file as a whole, readable by its owner only.
func writeFile(name string, text []byte) error {
	fresh := name + ".new"
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(fresh, name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// prepare makes the folder that keeps everything.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the folder %s cannot be made; choose another one with --dir: %w", dir, err)
	}
	return nil
}

// forget removes our own files, for a fresh start; Postgres removes its own. It may be called only by who holds the folder: to a
// run that is still at work they are its ports and tokens.
func forget(dir string) error {
	for _, name := range []string{portsFile(dir), tokensFile(dir), environmentFile(dir)} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("start fresh: %w", err)
		}
	}
	return nil
}
