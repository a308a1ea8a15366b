package expr

// in is `x in y` for lists and objects.
func in(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	if object, ok := args[1].(map[string]any); ok {
		key, isText := args[0].(string)
		_, found := object[key]
		return found && isText, nil
	}
	list, err := listArg(r, args[1])
	if err != nil {
		return nil, err
	}
	for _, item := range list {
		equal, err := equalValues(r, item, args[0])
		if err != nil || equal {
			return equal, err
		}
	}
	return false, nil
}

func deepEqual(args ...any) (any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, err
	}
	return equalValues(r, args[0], args[1])
}

// equalValues compares by value: 1 equals 1.0, and instants are equal in any time zone.
func equalValues(r *run, a, b any) (bool, error) {
	if err := r.step(1); err != nil {
		return false, err
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for i := range x {
			if equal, err := equalValues(r, x[i], y[i]); err != nil || !equal {
				return false, err
			}
		}
		return true, nil
	case map[string]any:
		return equalObjects(r, x, b)
	case nil, bool, string:
		return isScalar(b) && a == b, nil
	}
	if x, ok := numericOf(a); ok {
		y, ok := numericOf(b)
		return ok && equalNumbers(x, y), nil
	}
	order, err := compareValues(a, b)
	return err == nil && order == 0, nil
}

// equalNumbers compares whole numbers exactly, as a float64 does not hold all of them.
func equalNumbers(a, b numeric) bool {
	if a.whole && b.whole {
		return a.i == b.i
	}
	return a.f == b.f
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, bool, string:
		return true
	}
	return false
}

// equalObjects holds a missing field equal to nil, as reading it does.
func equalObjects(r *run, x map[string]any, b any) (bool, error) {
	y, ok := b.(map[string]any)
	if !ok {
		return false, nil
	}
	for key, value := range x {
		if equal, err := equalValues(r, value, y[key]); err != nil || !equal {
			return false, err
		}
	}
	for key, value := range y {
		if _, both := x[key]; !both && value != nil {
			return false, nil
		}
	}
	return true, nil
}
