package simulate_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// checksUnderRace is how many random definitions are tried under the race detector, which looks for other mistakes than these
// checks do: the run without it tries rapid's full number.
const checksUnderRace = "25"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if underRace && !given {
		if err := flag.Set("rapid.checks", checksUnderRace); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
