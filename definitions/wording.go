package definitions

import (
	_ "embed"
	"fmt"
	"sync"

	yaml "github.com/goccy/go-yaml"
)

//go:embed wording.yaml
var wordingFile []byte

// wording is what a code says: {0}, {1}, … are filled at the place of the problem.
type wording struct {
	Severity Severity `yaml:"severity"`
	Message  Text     `yaml:"message"`
	Hint     Text     `yaml:"hint"`
}

// wordings reads the embedded words once; that they can be read is tested.
var wordings = sync.OnceValue(func() map[Code]wording {
	words := map[Code]wording{}
	if err := yaml.Unmarshal(wordingFile, &words); err != nil {
		panic(fmt.Sprintf("wording.yaml: %v", err))
	}
	return words
})

//go:embed phrases.yaml
var phrasesFile []byte

var phrases = sync.OnceValue(func() map[string]string {
	words := map[string]string{}
	if err := yaml.Unmarshal(phrasesFile, &words); err != nil {
		panic(fmt.Sprintf("phrases.yaml: %v", err))
	}
	return words
})

// phrase gives a word of the language's own description its Chinese; ids and values are the same in both.
func phrase(en string) Text { return Text{En: en, Zh: phrases()[en]} }

// specOf answers the wording of a code. Expressions and times bring their own words, so theirs is empty.
func specOf(code Code) wording {
	if w, ok := wordings()[code]; ok {
		return w
	}
	return wording{Severity: Error, Message: Text{Zh: "{0}", En: "{0}"}, Hint: Text{Zh: "{1}", En: "{1}"}}
}
