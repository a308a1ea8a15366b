package timex_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions/timex"
)

func requireParseCode(t testing.TB, err error, code timex.Code, offset int) {
	t.Helper()
	var mistake *timex.ParseError
	require.ErrorAs(t, err, &mistake)
	require.Equal(t, code, mistake.Code, err.Error())
	require.Equal(t, offset, mistake.Offset, err.Error())
	require.NotEmpty(t, mistake.Hint)
	require.Contains(t, err.Error(), mistake.Text)
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		src, want string
		anchors   []string
		calendar  bool
	}{
		{"opened", "opened", []string{"opened"}, false},
		{"  start -  30m ", "start-30m", []string{"start"}, false},
		{"start-1wd\t17:00", "start-1wd 17:00", []string{"start"}, true},
		{"+1d+3wd", "+1d +3wd", []string{"opened"}, true},
		{"-0", "+0", []string{"opened"}, false},
		{"end+0", "end+0", []string{"end"}, false},
		{"end-0wd", "end-0wd", []string{"end"}, true},
		{"end+3wd .. 7wd", "end+3wd..7wd", []string{"end"}, true},
		{"end+3wd 09:00..+7wd 18:00:00", "end+3wd 09:00..7wd 18:00", []string{"end"}, true},
		{"start-1d..+1d", "start-1d..+1d", []string{"start"}, false},
		{"start-1d..-0", "start-1d..0", []string{"start"}, false},
		{"month( 01 )day 25 16:00", "month(+1) day 25 16:00", []string{"opened"}, false},
		{"month(end,-0) day last", "month(end, 0) day last", []string{"end"}, false},
		{"week(layout.done, 2) sun", "week(layout.done, +2) sun", []string{"layout.done"}, false},
		{"next( calls,month(start,1)day 3+1h )-1d", "next(calls, month(start, +1) day 3 +1h) -1d", []string{"start"}, true},
		{"after(calls)", "after(calls)", []string{"opened"}, true},
		{"next(a, next(b, next(c)))", "next(a, next(b, next(c)))", []string{"opened"}, true},
		{"monthly+1d", "monthly+1d", []string{"monthly"}, false},
	} {
		e, err := timex.Parse(tc.src)
		require.NoError(t, err, tc.src)
		require.Equal(t, tc.want, e.String(), tc.src)
		require.Equal(t, tc.anchors, e.Anchors(), tc.src)
		require.Equal(t, tc.calendar, e.NeedsCalendar(), tc.src)
		again, err := timex.Parse(e.String())
		require.NoError(t, err, tc.src)
		require.Equal(t, e, again, tc.src)
	}
}

// TestTimesOfDayDecideTheOrderOfAWindow where its amounts do not.
func TestTimesOfDayDecideTheOrderOfAWindow(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"end+0m 09:00..0 17:00", "end+2h 00:00..1h 24:00", "end+0wd 09:00..0 17:00", "end+1m 00:00..-1m 24:00"} {
		require.True(t, must(t, src).IsWindow(), src)
	}
}

func TestWindowNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a", "b"}, must(t, "next(a, after(b, next(a)))+1h..2h").Windows())
	require.Empty(t, must(t, "+1wd").Windows())
}

func TestParseMistakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		src    string
		code   timex.Code
		offset int
		says   string // part of the message or hint
	}{
		{"", timex.CodeEmpty, 0, ""},
		{" \t ", timex.CodeEmpty, 3, ""},
		{strings.Repeat("a", 201), timex.CodeTooLong, 200, "200 bytes"},
		{strings.Repeat("+1d", 13), timex.CodeTooLong, 39, "12"},
		{"next(a, next(b, next(c, next(d))))", timex.CodeTooDeep, 28, ""},
		{"=input.start", timex.CodeExpression, 0, "expression language"},
		{"明天", timex.CodeCharacter, 0, "明"},
		{"+1d;", timex.CodeCharacter, 3, ""},
		{"Start", timex.CodeCharacter, 0, "lower case"},
		{"start_At", timex.CodeName, 6, "lower case"},
		{strings.Repeat("a", 65), timex.CodeName, 65, ""},
		{"day+1d", timex.CodeName, 0, "day"},
		{"month(week, 1) day 1", timex.CodeName, 6, "week"},
		{"meeting-end", timex.CodeAmount, 8, "_"},
		{"meeting end", timex.CodeSyntax, 8, "_"},
		{"month", timex.CodeSyntax, 5, "("},
		{"month(end 1) day 1", timex.CodeSyntax, 10, ","},
		{"month(+1", timex.CodeSyntax, 8, ")"},
		{"month(+1) 25", timex.CodeDay, 10, "day 25"},
		{"month(+1) day", timex.CodeDay, 13, "1 to 31"},
		{"month(+1) day 0", timex.CodeDay, 14, ""},
		{"month(+1) day 32", timex.CodeDay, 14, ""},
		{"month(+1201) day 1", timex.CodeAmount, 7, "1200"},
		{"month(x) day 1", timex.CodeSyntax, 7, ","},
		{"week(+1) day 1", timex.CodeDay, 9, "mon"},
		{"week(+1)", timex.CodeDay, 8, ""},
		{"next()", timex.CodeName, 5, "window"},
		{"next(a", timex.CodeSyntax, 6, ")"},
		{"next(a, )", timex.CodeSyntax, 8, "point"},
		{"next(a, +1d..2d)", timex.CodeSyntax, 11, ")"},
		{"layout.", timex.CodeStepAnchor, 7, "claimed"},
		{"layout.finished+1d", timex.CodeStepAnchor, 7, "finished"},
		{"layout.done.x", timex.CodeSyntax, 11, ""},
		{"+", timex.CodeAmount, 1, ""},
		{"++1d", timex.CodeAmount, 1, ""},
		{"+2", timex.CodeUnit, 2, "missing"},
		{"+2 wd", timex.CodeUnit, 2, "missing"},
		{"+2bd", timex.CodeUnit, 2, "did you mean wd"},
		{"+2M", timex.CodeUnit, 2, "did you mean m?"},
		{"+2工作日", timex.CodeUnit, 2, "did you mean wd"},
		{"+2y", timex.CodeUnit, 2, "mo, w, d"},
		{"+1.5h", timex.CodeAmount, 2, "1h30m"},
		{"+0.5d", timex.CodeAmount, 2, ""},
		{"+30m1h", timex.CodeUnitOrder, 4, "mo w d"},
		{"+1h1h", timex.CodeUnitOrder, 3, ""},
		{"+40000wd", timex.CodeAmount, 1, "36500wd"},
		{"start 7:00", timex.CodeClock, 6, "17:00"},
		{"start 25:00", timex.CodeClock, 6, ""},
		{"start 3d", timex.CodeClock, 6, "+ or -"},
		{"start 17:00 18:00", timex.CodeClock, 12, "one"},
		{"end..7wd", timex.CodeWindow, 5, "end+3wd..7wd"},
		{"end 17:00..7wd", timex.CodeWindow, 11, ""},
		{"end+7wd..3wd", timex.CodeWindow, 9, "earlier"},
		{"end-3wd..7wd", timex.CodeWindow, 9, "earlier"},
		{"end+1d..-1d", timex.CodeWindow, 8, "earlier"},
		{"end+1d..0", timex.CodeWindow, 8, "earlier"},
		{"end+0..-1h", timex.CodeWindow, 7, "earlier"},
		{"end+2d 09:00..1d 17:00", timex.CodeWindow, 14, "earlier"},
		{"end+0m..-1d", timex.CodeWindow, 8, "earlier"},
		{"end+3wd..", timex.CodeAmount, 9, ""},
		{"end+3wd..7wd..9wd", timex.CodeSyntax, 12, ""},
		{"end+3wd..7wd +1d", timex.CodeSyntax, 13, ""},
		{"end+3wd..7wd 99:00", timex.CodeClock, 13, ""},
		{"(start)", timex.CodeSyntax, 0, "anchor"},
		{"..7wd", timex.CodeSyntax, 0, "anchor"},
	} {
		t.Run(tc.src, func(t *testing.T) {
			t.Parallel()
			_, err := timex.Parse(tc.src)
			requireParseCode(t, err, tc.code, tc.offset)
			require.Contains(t, err.Error(), tc.says)
		})
	}
}

// Every word of the grammar is refused as an anchor, and nothing else is.
func TestReserved(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"month", "week", "next", "after", "day", "last", "start", "opened", "mon", "now"} {
		_, err := timex.Parse(word + "+1d")
		require.Equal(t, timex.Reserved(word), err != nil, word)
	}
}

func TestCodesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[timex.Code]bool{}
	for _, code := range timex.Codes() {
		require.False(t, seen[code], code)
		require.Regexp(t, `^time_[a-z_]+$`, string(code))
		seen[code] = true
	}
}
