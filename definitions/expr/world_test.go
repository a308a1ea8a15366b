package expr_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions/expr"
)

// nine is the instant at which every test evaluates: 17:00 in Shanghai.
var nine = time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)

func stepType() expr.Type {
	return expr.Object(map[string]expr.Type{
		"outcome": expr.Enum("done", "cancelled"),
		"by":      expr.String(),
		"done_at": expr.Time(),
		"round":   expr.Int(),
		"data": expr.Object(map[string]expr.Type{
			"found": expr.List(expr.Object(map[string]expr.Type{"what": expr.String()})).Nullable(),
			"score": expr.Number().Nullable(),
		}),
	})
}

func inputType() expr.Type {
	return expr.Object(map[string]expr.Type{
		"room": expr.String(), "start": expr.Time(), "end": expr.Time(), "attendees": expr.Int(),
		"price": expr.Number(), "coffee": expr.Bool(), "level": expr.Enum("a", "b", "c"),
		"remark": expr.String().Nullable(), "vip": expr.Bool().Nullable(), "visit": expr.String(),
		"tags": expr.List(expr.String()), "counts": expr.List(expr.Int()),
		"contact": expr.Object(map[string]expr.Type{"name": expr.String(), "phone": expr.String().Nullable()}).Nullable(),
	})
}

// worldTypes are the names of a process definition; all of them are fully known but x.
func worldTypes() map[string]expr.Type {
	return map[string]expr.Type{
		"input":  inputType(),
		"before": inputType(),
		"parameters": expr.Object(map[string]expr.Type{
			"tea_every": expr.Duration(), "cup_spare": expr.Number(), "tries": expr.Int(),
		}),
		"vars":    expr.Object(map[string]expr.Type{"cups": expr.Int()}),
		"anchors": expr.Object(map[string]expr.Type{"start": expr.Time(), "meeting_ended": expr.Time().Nullable()}),
		"rounds":  expr.Map(expr.Int()),
		"outputs": expr.Object(map[string]expr.Type{
			"layout": stepType().Nullable(), "clear": stepType().Nullable(), "av_check": stepType(),
			"refill": expr.List(stepType()),
		}),
		"now": expr.Time(),
		"x":   expr.Any(),
	}
}

func world() expr.Scope {
	return expr.NewScope(worldTypes()).WithRegisters(map[string]expr.Type{
		"customers": expr.Object(map[string]expr.Type{
			"guarantor": expr.String().Nullable(), "limit": expr.Int(), "since": expr.Time(),
			"status": expr.Enum("open", "closed"),
		}),
		"dunning": expr.Map(expr.Any()),
	})
}

func doneStep(by string, round int) map[string]any {
	return map[string]any{
		"outcome": "done", "by": by, "done_at": nine.Add(-time.Hour), "round": round,
		"data": map[string]any{"score": 4.5},
	}
}

func worldInput() map[string]any {
	return map[string]any{
		"room": "大会堂", "start": nine.Add(time.Hour), "end": nine.Add(3 * time.Hour), "attendees": 100,
		"price": 12.5, "coffee": true, "level": "b", "visit": "2026-03-02",
		"tags": []any{"tea", "flowers"}, "counts": []any{3, 1, 2},
	}
}

func worldEnv() expr.Env {
	return expr.Env{
		Values: map[string]any{
			"input":      worldInput(),
			"before":     worldInput(),
			"parameters": map[string]any{"tea_every": 30 * time.Minute, "cup_spare": 0.1, "tries": 3},
			"vars":       map[string]any{"cups": 110},
			"anchors":    map[string]any{"start": nine.Add(time.Hour)},
			"rounds":     map[string]any{"call": 2},
			"outputs": map[string]any{
				"layout": doneStep("wang", 1), "av_check": doneStep("li", 1),
				"refill": []any{doneStep("wang", 2), doneStep("zhao", 1)},
			},
			"now": nine,
			"x":   map[string]any{"n": 3, "f": 2.5, "s": "text", "list": []any{1, 2}, "t": nine, "none": nil},
		},
		Facts:    registers{},
		Location: time.FixedZone("CST", 8*3600),
	}
}

// registers has one customer, and counts one row for every field that a filter names.
type registers struct{}

var errAway = errors.New("connection refused")

func (registers) Lookup(register string, key any) (map[string]any, error) {
	switch {
	case key == "broken":
		return nil, errAway
	case register == "customers" && key == "acme":
		return map[string]any{"guarantor": "chen", "limit": 5e4, "since": "2024-05-06T08:00:00+08:00", "status": "open"}, nil
	}
	return nil, nil
}

func (registers) Count(_ string, filter map[string]any) (int, error) {
	if slices.Contains(slices.Collect(maps.Values(filter)), any("broken")) {
		return 0, errAway
	}
	return len(filter), nil
}

func (r registers) Exists(register string, filter map[string]any) (bool, error) {
	n, err := r.Count(register, filter)
	return n > 0, err
}

func compile(t *testing.T, text string) *expr.Program {
	t.Helper()
	program, problems := expr.Compile(text, world(), expr.WantAny())
	require.Empty(t, problems, text)
	return program
}

func failure(t *testing.T, err error) *expr.EvalError {
	t.Helper()
	var failed *expr.EvalError
	require.ErrorAs(t, err, &failed)
	return failed
}
