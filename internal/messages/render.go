package messages

import (
	"encoding/json"
	"strings"
)

// The languages of messages. Any other is answered in English.
const (
	Chinese = "zh"
	English = "en"
)

// Facts are the names that a message mentions, in the reader's language. The caller looks them up when the message is read; what
// it leaves empty is paraphrased.
type Facts struct {
	Task    string // title of the task
	Process string // title of the process
	By      string // name of the person in Arguments.By
}

// Arguments are what a stored message carries. Task and By are ids, for the caller to look up.
type Arguments struct {
	Task string
	By   string

	comment string
	event   map[string]string
	text    map[string]string
}

// Read reads the arguments as the outbox and notifications store them. What cannot be read counts as missing: the message is
// still worth showing.
func Read(args string) Arguments {
	var stored struct {
		Task string            `json:"task"`
		Text map[string]string `json:"text"`
		Args struct {
			By      string `json:"by"`
			Comment string `json:"comment"`
			Event   string `json:"event"`
			Zh      string `json:"zh"`
			En      string `json:"en"`
		} `json:"args"`
	}
	if err := json.Unmarshal([]byte(args), &stored); err != nil {
		return Arguments{}
	}
	a := stored.Args
	return Arguments{
		Task: stored.Task, By: a.By, comment: strings.TrimSpace(a.Comment), text: stored.Text,
		event: map[string]string{Chinese: a.Zh, English: a.En, "": a.Event},
	}
}

// Render makes title and body of a message in the given language. A template that this build does not know yields a message that
// says only what it is about.
func Render(template, args string, facts Facts, lang string) (title, body string) {
	if lang != Chinese {
		lang = English
	}
	both, _ := templates(template)
	w := both.en
	if lang == Chinese {
		w = both.zh
	}
	a, otherwise := Read(args), nameless(lang)
	fill := strings.NewReplacer(
		"{task}", first(facts.Task, otherwise.Task), "{process}", first(facts.Process, otherwise.Process), "{by}", first(facts.By, otherwise.By),
		"{comment}", a.comment, "{event}", in(a.event, lang), "{text}", in(a.text, lang),
	)
	return strings.TrimSpace(fill.Replace(w.title)), strings.TrimSpace(fill.Replace(w.body))
}

// in answers a text in the language, else in the other one, else without a language.
func in(text map[string]string, lang string) string {
	return first(text[lang], text[Chinese], text[English], text[""])
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
