package definitions

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPhrasesFillTheirPlaces in both directions: the longest phrase wins, and what fills a place is looked up as well.
func TestPhrasesFillTheirPlaces(t *testing.T) {
	t.Parallel()
	for en, zh := range map[string]string{
		"minimum is no number":                            "minimum 不是数",
		"a number":                                        "数",
		"bool is needed here, this is integer":            "此处需要 bool，而这是 integer",
		"`outputs.a` may be missing":                      "`outputs.a` 可能没有值",
		"with of a step":                                  "步骤 的 with",
		"did you mean d? use mo, w, d, wd, h, wh, m or s": "你是想写 d 吗？可用 mo、w、d、wd、h、wh、m、s",
		"an id": "",
		"text":  "", // a type and a key of the language, the same in both
		"":      "",
	} {
		require.Equal(t, Text{Zh: zh, En: en}, phrase(en))
	}
}
