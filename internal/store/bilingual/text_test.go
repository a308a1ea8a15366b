package bilingual_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/internal/store/bilingual"
)

func TestAnEmptyLanguageFallsBackToTheOther(t *testing.T) {
	t.Parallel()
	both := bilingual.Text{Zh: "会议", En: "Meeting"}
	require.Equal(t, "会议", both.In("zh"))
	require.Equal(t, "Meeting", both.In("en"))
	require.Equal(t, "会议", both.In("fr"))
	require.Equal(t, "会议", bilingual.Text{Zh: "会议"}.In("en"))
	require.Equal(t, "Meeting", bilingual.Text{En: "Meeting"}.In("zh"))
}

func TestTextComesBackAsItWasStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := bilingual.Text{Zh: rapid.String().Draw(t, "zh"), En: rapid.String().Draw(t, "en")}
		value, err := text.Value()
		require.NoError(t, err)
		for _, stored := range []any{value, []byte(value.(string))} {
			read := bilingual.Text{Zh: "left over"}
			require.NoError(t, read.Scan(stored))
			require.Equal(t, text, read)
		}
	})
}

func TestWhatIsNoText(t *testing.T) {
	t.Parallel()
	var text bilingual.Text
	require.NoError(t, text.Scan(nil))
	require.Zero(t, text)
	require.Error(t, text.Scan("plain"))
	require.ErrorContains(t, text.Scan(7), "int")
}
