package expr

// registerArgs returns what every register function needs.
func registerArgs(args []any) (*run, string, any, error) {
	r, args, err := running(args)
	if err != nil {
		return nil, "", nil, err
	}
	name, err := textArg(args[0])
	if err != nil {
		return nil, "", nil, err
	}
	if r.env.Facts == nil {
		return nil, "", nil, factFault(name, errNoFacts)
	}
	return r, name, args[1], nil
}

func lookupRow(args ...any) (any, error) {
	r, name, key, err := registerArgs(args)
	if err != nil {
		return nil, err
	}
	row, err := r.env.Facts.Lookup(name, key)
	if err != nil {
		return nil, factFault(name, err)
	}
	if row == nil {
		return nil, nil
	}
	return r.registers[name].Bind(row), nil
}

func existsRow(args ...any) (any, error) {
	r, name, filter, err := registerArgs(args)
	if err != nil {
		return nil, err
	}
	found, err := r.env.Facts.Exists(name, asFilter(filter))
	if err != nil {
		return nil, factFault(name, err)
	}
	return found, nil
}

func countRows(args ...any) (any, error) {
	r, name, filter, err := registerArgs(args)
	if err != nil {
		return nil, err
	}
	n, err := r.env.Facts.Count(name, asFilter(filter))
	if err != nil {
		return nil, factFault(name, err)
	}
	return n, nil
}

// asFilter relies on the checker, which accepts a literal object only.
func asFilter(v any) map[string]any {
	filter, _ := v.(map[string]any)
	return filter
}
