package calendar

import (
	"math/bits"
	"slices"
	"sort"
)

// span is a range of days, both ends included.
type span struct{ from, to day }

// workdays says for every day whether it is worked, and counts. Inside the years with data it is a bit set with a
// running count per word; outside, the ordinary week answers by arithmetic. So no question walks day by day.
type workdays struct {
	week   weekRule
	known  []span // the years with data, adjacent ones joined, in order; nil when nothing is ever provisional
	always bool   // no day is provisional

	base, end day // the bit set covers [base, end)
	words     []uint64
	before    []int64 // worked days in the words before
	total     int64
}

func newWorkdays(week weekRule, years []compiledYear, always bool) *workdays {
	w := &workdays{week: week, always: always}
	if len(years) == 0 {
		return w
	}
	w.base, w.end = years[0].first, years[len(years)-1].last+1
	w.words = make([]uint64, (w.end-w.base+63)/64)
	for d := w.base; d < w.end; d++ {
		w.set(d, week.has(d))
	}
	for _, y := range years {
		w.learn(y)
	}
	for _, word := range w.words {
		w.before = append(w.before, w.total)
		w.total += int64(bits.OnesCount64(word))
	}
	return w
}

func (w *workdays) learn(y compiledYear) {
	for _, d := range y.off {
		w.set(d, false)
	}
	for _, d := range y.work {
		w.set(d, true)
	}
	if n := len(w.known); n > 0 && w.known[n-1].to+1 == y.first {
		w.known[n-1].to = y.last
		return
	}
	w.known = append(w.known, span{y.first, y.last})
}

func (w *workdays) set(d day, on bool) {
	i := uint64(d - w.base)
	if on {
		w.words[i/64] |= 1 << (i % 64)
	} else {
		w.words[i/64] &^= 1 << (i % 64)
	}
}

func (w *workdays) has(d day) bool {
	if d < w.base || d >= w.end {
		return w.week.has(d)
	}
	i := uint64(d - w.base)
	return w.words[i/64]&(1<<(i%64)) != 0
}

// rank counts worked days in [base, d), negative before base. Only differences of ranks mean anything.
func (w *workdays) rank(d day) int64 {
	switch {
	case d < w.base:
		return w.week.rank(d) - w.week.rank(w.base)
	case d >= w.end:
		return w.total + w.week.rank(d) - w.week.rank(w.end)
	}
	i := uint64(d - w.base)
	return w.before[i/64] + int64(bits.OnesCount64(w.words[i/64]&(1<<(i%64)-1)))
}

// pick returns the worked day with rank r, held within the years 1 to 9999.
func (w *workdays) pick(r int64) day {
	switch {
	case r < 0:
		return w.week.pick(r + w.week.rank(w.base)).clamp()
	case r >= w.total:
		return w.week.pick(r - w.total + w.week.rank(w.end)).clamp()
	}
	i := sort.Search(len(w.before), func(i int) bool { return w.before[i] > r }) - 1
	word := w.words[i]
	for range r - w.before[i] {
		word &= word - 1
	}
	return w.base + day(i*64+bits.TrailingZeros64(word))
}

// provisional says whether one of the days from a to b lies in a year without data; an empty range does not.
func (w *workdays) provisional(a, b day) bool {
	if w.always || a > b {
		return false
	}
	return !slices.ContainsFunc(w.known, func(k span) bool { return k.from <= a && b <= k.to })
}

// idle counts the days from a to b that are not worked.
func (w *workdays) idle(a, b day) int {
	if a > b {
		return 0
	}
	return int(int64(b-a) + 1 - (w.rank(b+1) - w.rank(a)))
}
