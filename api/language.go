package api

import (
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	langZh = "zh"
	langEn = "en"
)

// language is the one for texts in an answer: what Accept-Language prefers, else the person's own, else Chinese.
func language(c echo.Context) string {
	if lang := preferred(c.Request().Header.Get("Accept-Language")); lang != "" {
		return lang
	}
	if who := callerOf(c.Request().Context()); who != nil && who.Locale == langEn {
		return langEn
	}
	return langZh
}

// preferred reads an Accept-Language header and answers zh, en or "" when it names neither. Among equal weights the
// first one counts; a wildcard names none.
func preferred(header string) string {
	best, weight := "", 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		lang := ours(tag)
		if q := quality(params); lang != "" && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

func ours(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	switch base {
	case langZh:
		return langZh
	case langEn:
		return langEn
	}
	return ""
}

// quality reads the weight of a language; what cannot be read counts as not wanted.
func quality(params string) float64 {
	params = strings.TrimSpace(params)
	if params == "" {
		return 1
	}
	value, ok := strings.CutPrefix(strings.ToLower(params), "q=")
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}
