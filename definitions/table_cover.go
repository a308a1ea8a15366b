package definitions

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A decision table is checked by trying it out: every column has a few values that stand for all others (each constant,
// each bound and what lies between bounds), and each combination is matched against every row. A column with a
// condition that cannot be read this way makes the table one about which nothing is claimed.

// maxCombinations bounds the trial of one table.
const maxCombinations = 20_000

// cell tells whether a value matches one input of one row.
type cell func(sample) bool

// sample is one value of a column: a number, a text, or "anything else".
type sample struct {
	number float64
	text   string
	isText bool
	other  bool
}

var comparison = regexp.MustCompile(`^value\s*(<=|>=|==|<|>)\s*(-?\d+(?:\.\d+)?)$`)

// matrix is a table in the form in which it can be tried.
type matrix struct {
	rows    []*item
	columns []column
}

type column struct {
	cells   []cell
	samples []sample
}

// matrixOf reads a table; ok is false when some condition is beyond constants and comparisons with numbers.
func matrixOf(it *item) (m matrix, ok bool) {
	m.rows = it.get("rows").elements()
	combinations := 1
	for _, name := range keysOf(it.get("inputs")) {
		col, ok := columnOf(m.rows, name)
		if !ok {
			return m, false
		}
		m.columns = append(m.columns, col)
		if combinations *= len(col.samples); combinations > maxCombinations {
			return m, false
		}
	}
	return m, len(m.columns) > 0
}

func columnOf(rows []*item, name string) (column, bool) {
	var col column
	var bounds []float64
	var texts []string
	for _, row := range rows {
		c, found, ok := cellOf(row.get(name))
		if !ok {
			return col, false
		}
		col.cells = append(col.cells, c)
		for _, s := range found {
			if s.isText {
				texts = append(texts, s.text)
			} else {
				bounds = append(bounds, s.number)
			}
		}
	}
	col.samples = samplesOf(bounds, texts)
	return col, true
}

// samplesOf answers values that stand for all others.
func samplesOf(bounds []float64, texts []string) []sample {
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	slices.Sort(texts)
	var out []sample
	for i, b := range bounds {
		if i == 0 {
			out = append(out, sample{number: b - 1})
		} else {
			out = append(out, sample{number: (bounds[i-1] + b) / 2})
		}
		out = append(out, sample{number: b})
	}
	if len(bounds) > 0 {
		out = append(out, sample{number: bounds[len(bounds)-1] + 1})
	}
	for _, t := range slices.Compact(texts) {
		out = append(out, sample{text: t, isText: true})
	}
	if len(bounds) == 0 {
		out = append(out, sample{other: true})
	}
	return out
}

func cellOf(it *item) (cell, []sample, bool) {
	if it == nil {
		return func(sample) bool { return true }, nil, true
	}
	if it.isText() && strings.HasPrefix(it.text, "=") {
		return comparisons(strings.TrimSpace(it.text[1:]))
	}
	var wanted []sample
	for _, e := range it.elements() {
		s, ok := constantSample(e)
		if !ok {
			return nil, nil, false
		}
		wanted = append(wanted, s)
	}
	return func(s sample) bool { return slices.Contains(wanted, s) }, wanted, true
}

func constantSample(it *item) (sample, bool) {
	switch v := it.value.(type) {
	case string:
		return sample{text: v, isText: true}, true
	case bool:
		return sample{text: strconv.FormatBool(v), isText: true}, true
	case int:
		return sample{number: float64(v)}, true
	case float64:
		return sample{number: v}, true
	}
	return sample{}, false
}

// comparisons reads `value > 5 && value <= 10`.
func comparisons(text string) (cell, []sample, bool) {
	var cells []cell
	var bounds []sample
	for part := range strings.SplitSeq(text, "&&") {
		m := comparison.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, nil, false
		}
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, nil, false
		}
		bounds = append(bounds, sample{number: n})
		cells = append(cells, compare(m[1], n))
	}
	return func(s sample) bool {
		return !slices.ContainsFunc(cells, func(c cell) bool { return !c(s) })
	}, bounds, true
}

func compare(op string, n float64) cell {
	return func(s sample) bool {
		switch {
		case s.isText || s.other:
			return false
		case op == "<":
			return s.number < n
		case op == "<=":
			return s.number <= n
		case op == ">":
			return s.number > n
		case op == ">=":
			return s.number >= n
		}
		return s.number == n
	}
}

// try calls do with the rows that match, for every combination of samples.
func (m matrix) try(do func(matching []int)) {
	at := make([]int, len(m.columns))
	for {
		var matching []int
		for r := range m.rows {
			if m.matches(r, at) {
				matching = append(matching, r)
			}
		}
		do(matching)
		if !m.advance(at) {
			return
		}
	}
}

func (m matrix) matches(row int, at []int) bool {
	for i, col := range m.columns {
		if !col.cells[row](col.samples[at[i]]) {
			return false
		}
	}
	return true
}

func (m matrix) advance(at []int) bool {
	for i := range at {
		if at[i]++; at[i] < len(m.columns[i].samples) {
			return true
		}
		at[i] = 0
	}
	return false
}

// coversAll tells a table of which some row matches whatever comes. Missing values match no comparison, so a column
// that may be missing never counts as covered.
func (c *compiler) coversAll(it *item) bool {
	m, ok := matrixOf(it)
	if !ok {
		return false
	}
	all := true
	m.try(func(matching []int) { all = all && len(matching) > 0 })
	return all
}

// coverage reports rows that can match at once where only one may, and rows that never match.
func (c *compiler) coverage(t *Table, it *item) {
	m, ok := matrixOf(it)
	if !ok {
		return
	}
	reached := make([]bool, len(m.rows))
	overlap := map[[2]int]bool{}
	m.try(func(matching []int) {
		if len(matching) > 0 {
			reached[matching[0]] = true
		}
		if len(matching) > 1 && t.Hit == "unique" {
			overlap[[2]int{matching[0], matching[1]}] = true
		}
	})
	for pair := range overlap {
		c.problems.add(m.rows[pair[1]].at(), codeTrapTableOverlap, t.Name, m.rows[pair[0]].line)
	}
	for r, hit := range reached {
		if !hit && t.Hit == "first" {
			c.problems.add(m.rows[r].at(), codeTrapTableRow, t.Name)
		}
	}
}
