package expr

import (
	"maps"
	"time"
)

// functions returns the allow-list: every function that takes no predicate. Names that begin with `$` are what the
// compiler puts in place of operators; no text can call them.
func functions() map[string]function {
	all := numberFunctions()
	maps.Copy(all, textFunctions())
	maps.Copy(all, listFunctions())
	maps.Copy(all, timeFunctions())
	maps.Copy(all, registerFunctions())
	return all
}

func always(t Type) func([]Type) Type { return func([]Type) Type { return t } }

func number() param { return param{KindInt, KindNumber} }

func numberFunctions() map[string]function {
	rounding := func(name string, round func(float64) float64) function {
		return function{
			usage: name + "(number)", params: []param{number()}, result: always(Int()),
			impl: func(args ...any) (any, error) { return roundedInt(args[0], round) },
		}
	}
	return map[string]function{
		"ceil":  rounding("ceil", ceil),
		"floor": rounding("floor", floor),
		"round": rounding("round", halfAway),
		"abs": {
			usage: "abs(number or duration)", params: []param{{KindInt, KindNumber, KindDuration}},
			result: func(args []Type) Type { return args[0] }, impl: absolute,
		},
		"int": {
			usage: "int(number or text)", params: []param{{KindInt, KindNumber, KindText}},
			result: always(Int()), impl: toInt, check: literalText(intError),
		},
		"float": {
			usage: "float(number or text)", params: []param{{KindInt, KindNumber, KindText}},
			result: always(Number()), impl: toFloat, check: literalText(floatError),
		},
		"min": extreme("min", -1),
		"max": extreme("max", 1),
		"mean": {
			usage: "mean(list of numbers)", params: []param{{KindList}}, usesRun: true,
			check: elementsOf(Type.isNumeric, "numbers"), result: always(Number().Nullable()), impl: mean,
		},
	}
}

// extreme is min or max, of the arguments or of one list.
func extreme(name string, sign int) function {
	return function{
		usage: name + "(a, b, …) or " + name + "(list)", params: []param{{}}, variadic: true, usesRun: true,
		check: checkExtreme, result: extremeResult,
		impl: func(args ...any) (any, error) { return extremeOf(sign, args) },
	}
}

func textFunctions() map[string]function {
	text := param{KindText}
	simple := func(name string, impl func(args ...any) (any, error)) function {
		return function{usage: name + "(text)", params: []param{text}, result: always(String()), usesRun: true, impl: impl}
	}
	return map[string]function{
		"upper": simple("upper", upper),
		"lower": simple("lower", lower),
		"trim":  simple("trim", trim),
		"string": {
			usage: "string(value)", params: []param{scalarKinds()}, result: always(String()), usesRun: true, impl: toText,
		},
		"split": {
			usage: "split(text, separator)", params: []param{text, text}, result: always(List(String())),
			usesRun: true, impl: split,
		},
		"join": {
			usage: "join(list, separator)", params: []param{{KindList}, text}, optional: 1, result: always(String()),
			check:   elementsOf(func(t Type) bool { return scalarKinds().accepts(t) }, "texts or other single values"),
			usesRun: true, impl: joinTexts,
		},
	}
}

// scalarKinds are the kinds that have one obvious text.
func scalarKinds() param {
	return param{KindBool, KindInt, KindNumber, KindText, KindTime, KindDuration}
}

func listFunctions() map[string]function {
	list := param{KindList}
	same := func(args []Type) Type { return args[0] }
	elem := func(args []Type) Type { return args[0].Elem().Nullable() }
	return map[string]function{
		"len": {
			usage: "len(list, text or object)", params: []param{{KindList, KindText, KindObject, KindMap}},
			result: always(Int()), impl: length,
		},
		"first":   {usage: "first(list)", params: []param{list}, result: elem, impl: first},
		"last":    {usage: "last(list)", params: []param{list}, result: elem, impl: last},
		"reverse": {usage: "reverse(list)", params: []param{list}, result: same, usesRun: true, impl: reverse},
		"sort": {
			usage: "sort(list)", params: []param{list}, result: same, usesRun: true, impl: sortList,
			check: elementsOf(Type.isOrdered, "numbers, texts, times or durations"),
		},
		"uniq": {
			usage: "uniq(list)", params: []param{list}, result: same, usesRun: true, impl: unique,
			check: elementsOf(func(t Type) bool { return scalarKinds().accepts(t) }, "texts or other single values"),
		},
		"concat": {
			usage: "concat(list, list, …)", params: []param{list}, variadic: true, usesRun: true, impl: concat,
			result: func(args []Type) Type {
				joined := args[0]
				for _, arg := range args[1:] {
					joined = join(joined, arg)
				}
				return joined
			},
		},
	}
}

func timeFunctions() map[string]function {
	unit := func(name string, length time.Duration) function {
		return function{
			usage: name + "(number)", params: []param{number()}, result: always(Duration()),
			impl: func(args ...any) (any, error) { return scaleDuration(args[0], length) },
		}
	}
	return map[string]function{
		"seconds": unit("seconds", time.Second),
		"minutes": unit("minutes", time.Minute),
		"hours":   unit("hours", time.Hour),
		"days":    unit("days", day),
		"duration": {
			usage: `duration("1h30m")`, params: []param{{KindText}}, result: always(Duration()), impl: toDuration,
			check: literalText(durationError),
		},
		"date": {
			usage: `date("2026-01-31")`, params: []param{{KindText}}, result: always(Time()), usesRun: true, impl: toDate,
			check: literalText(dateError),
		},
		"day": {
			usage: "day(time)", params: []param{{KindTime}}, result: always(String()), usesRun: true, impl: dayOf,
		},
	}
}

func registerFunctions() map[string]function {
	name, filter := param{KindText}, param{KindObject, KindMap}
	return map[string]function{
		lookupName:    {usage: "lookup(register, key)", params: []param{name, scalarKinds()}, usesRun: true, impl: lookupRow},
		existsName:    {usage: "exists(register, filter)", params: []param{name, filter}, usesRun: true, impl: existsRow},
		registerCount: {usage: "count(register, filter)", params: []param{name, filter}, usesRun: true, impl: countRows},
	}
}

// operators returns the functions that take the place of operators of expr-lang whose results would be silently wrong
// (overflow, division by zero), unbounded (texts that double), or an error (an index out of range).
func operators() map[string]func(args ...any) (any, error) {
	return map[string]func(args ...any) (any, error){
		opAdd: addNumbers, opSubtract: subtractNumbers, opMultiply: multiply, opDivide: divide, opModulo: modulo,
		opQuotient: orMissing(divide), opRest: orMissing(modulo),
		opPower: power, opNegate: negate, opPlus: plus, opMinus: minus, opEqual: deepEqual, opIn: in, opIndex: index,
		opSlice: slicePart, opText: textOperand, opList: asList, opSum: sum, opSortBy: sortBy, opStep: step,
	}
}

const (
	opAdd      = "$add"
	opSubtract = "$subtract"
	opMultiply = "$multiply"
	opDivide   = "$divide"
	opModulo   = "$modulo"
	opQuotient = "$quotient" // division and modulo whose divisor may be 0
	opRest     = "$rest"
	opPower    = "$power"
	opNegate   = "$negate"
	opPlus     = "$plus"
	opMinus    = "$minus"
	opEqual    = "$equal"
	opIn       = "$in"
	opIndex    = "$index"
	opSlice    = "$slice"
	opList     = "$list"
	opText     = "$text"
	opSum      = "$sum"
	opSortBy   = "$sortBy"
	opStep     = "$step"
)
