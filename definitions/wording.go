package definitions

import (
	"cmp"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
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

// pattern is a phrase with places that other words fill.
type pattern struct {
	en *regexp.Regexp
	zh string
}

// hole is a place of a phrase as regexp.QuoteMeta writes it.
var hole = regexp.MustCompile(`\\\{\d\\\}`)

// patterns are the phrases with places, those with the most words of their own first.
var patterns = sync.OnceValue(func() []pattern {
	var keys []string
	for en := range phrases() {
		if strings.Contains(en, "{0}") {
			keys = append(keys, en)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	out := make([]pattern, len(keys))
	for i, en := range keys {
		out[i] = pattern{en: regexp.MustCompile("^" + hole.ReplaceAllString(regexp.QuoteMeta(en), "(.+)") + "$"), zh: phrases()[en]}
	}
	return out
})

// phrase gives a word of the language's own description its Chinese; ids and values are the same in both.
func phrase(en string) Text {
	if zh, known := phrases()[en]; known || !strings.Contains(en, " ") {
		return Text{En: en, Zh: zh}
	}
	for _, p := range patterns() {
		if found := p.en.FindStringSubmatch(en); found != nil {
			words := make([]any, len(found)-1)
			for i, word := range found[1:] {
				words[i] = phrase(word)
			}
			return Text{En: en, Zh: fill(Text{Zh: p.zh}, words).Zh}
		}
	}
	return Text{En: en}
}

// specOf answers the wording of a code. Expressions and times bring their own words, so theirs is empty.
func specOf(code Code) wording {
	if w, ok := wordings()[code]; ok {
		return w
	}
	return wording{Severity: Error, Message: Text{Zh: "{0}", En: "{0}"}, Hint: Text{Zh: "{1}", En: "{1}"}}
}
