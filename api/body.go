package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkMedia refuses a body whose headers say that it is anything but plain JSON in UTF-8: read as such it would be another text than
// was sent.
func checkMedia(r *http.Request) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return fail(codeMediaType)
	}
	given := r.Header.Get("Content-Type")
	if given == "" {
		return nil // the contract says whether one is needed
	}
	_, params, err := mime.ParseMediaType(given)
	if charset := params["charset"]; err != nil || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return fail(codeMediaType)
	}
	return nil
}

// checkDocument requires that the body is one JSON document in UTF-8 and nothing more, in which nothing is said twice: the contract's
// checker reads only the first, and the decoder would store other bytes than were sent.
func checkDocument(r *http.Request, value any) error {
	text, err := bodyOf(r)
	if err != nil || !utf8.Valid(text) || !json.Valid(text) {
		return &failure{code: codeMalformed, cause: errors.New("not one JSON document in UTF-8")}
	}
	if field, found := repeatedField(json.NewDecoder(strings.NewReader(string(text))), ""); found {
		return failField(clip(field), "repeated", Text{Zh: "只能出现一次", En: "may be given only once"})
	}
	if field, found := unprintable("", value); found {
		return failField(clip(field), "character", Text{
			Zh: "含有不能保存的字符（控制字符或残缺的字符）", En: "holds a character that cannot be stored (a control character, or a damaged one)",
		})
	}
	return nil
}

func bodyOf(r *http.Request) ([]byte, error) {
	if r.GetBody == nil {
		return nil, errors.New("the body cannot be read again")
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

// repeatedField finds a name that an object of a valid document has twice, and answers its path.
func repeatedField(d *json.Decoder, at string) (field string, found bool) {
	token, err := d.Token()
	opened, ok := token.(json.Delim)
	if err != nil || !ok {
		return "", false
	}
	names := map[string]bool{}
	for i := 0; d.More(); i++ {
		name := strconv.Itoa(i)
		if opened == '{' {
			key, err := d.Token()
			if err != nil {
				return "", false
			}
			name, _ = key.(string)
			if names[name] {
				return join(at, name), true
			}
			names[name] = true
		}
		if field, found = repeatedField(d, join(at, name)); found {
			return field, true
		}
	}
	_, _ = d.Token() // the closing bracket
	return "", false
}

// unprintable finds a text with a character that nobody means: a control character other than those of layout, which terminals
// obey and of which Postgres cannot store NUL, or the mark of one that got lost. It answers the field.
func unprintable(at string, value any) (field string, found bool) {
	switch v := value.(type) {
	case string:
		return at, strings.ContainsFunc(v, unwanted)
	case []any:
		for i, e := range v {
			if field, found = unprintable(join(at, strconv.Itoa(i)), e); found {
				return field, true
			}
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			if strings.ContainsFunc(name, unwanted) {
				return at, true
			}
			if field, found = unprintable(join(at, name), v[name]); found {
				return field, true
			}
		}
	}
	return "", false
}

func unwanted(r rune) bool {
	return (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r == 0x7F || r == utf8.RuneError
}
