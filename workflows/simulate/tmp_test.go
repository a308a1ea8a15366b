package simulate_test

import (
	"context"
	"fmt"
	"testing"

	"steward/definitions/library"
	"steward/workflows/simulate"
)

func TestTmpLibrary(t *testing.T) {
	l := simulate.NewLibrary(library.FS(), registry())
	files, _ := l.TestFiles()
	for _, f := range files {
		rs, err := l.Test(context.Background(), f, nil)
		if err != nil {
			fmt.Println("ERR", err)
		}
		for _, r := range rs {
			if r.OK() {
				fmt.Println("ok", f, r.Name, r.Took)
			} else {
				fmt.Println("FAIL", f, r.Line, r.Name)
				for _, x := range r.Failures {
					fmt.Println("    ", x)
				}
			}
		}
	}
}
