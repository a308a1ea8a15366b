package definitions

func typeWording(code Code) (wording, bool) {
	w, ok := map[Code]wording{
		codeTypeMismatch: {Error,
			Text{En: "{0} must be {1}, not {2}",
				Zh: "{0} 应为 {1}，而不是 {2}"},
			Text{En: "give a value of that type",
				Zh: "请给出该类型的值"}},
	}[code]
	return w, ok
}
