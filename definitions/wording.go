package definitions

// wording is what a code says: {0}, {1}, … are filled at the place of the problem.
type wording struct {
	severity Severity
	message  Text
	hint     Text
}

// specOf answers the wording of a code. Expressions and times bring their own words, so theirs is empty.
func specOf(code Code) wording {
	for _, stage := range [...]func(Code) (wording, bool){
		syntaxWording, schemaWording, referenceWording, reachWording, typeWording, peopleWording, timeWording, trapWording,
	} {
		if w, ok := stage(code); ok {
			return w
		}
	}
	return wording{severity: Error, message: Text{Zh: "{0}", En: "{0}"}, hint: Text{Zh: "{1}", En: "{1}"}}
}
