package store

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCursorComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := timeKey{
			At: time.UnixMicro(rapid.Int64Range(0, 253402300799_000000).Draw(t, "at")).UTC(),
			ID: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		}
		decoded, err := decodeCursor[timeKey]("list", encodeCursor("list", key))
		require.NoError(t, err)
		require.Equal(t, &key, decoded)
	})
}

func TestBadCursorsAreRefused(t *testing.T) {
	t.Parallel()
	raw := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	key := timeKey{At: time.Unix(1, 0).UTC(), ID: uuid.New()}
	for name, cursor := range map[string]string{
		"not base64":      "%%%",
		"not JSON":        raw("hello"),
		"another list":    encodeCursor("other", key),
		"another version": raw(`{"v":2,"l":"list","k":{"t":"2026-01-01T00:00:00Z","d":"6f1c7c4e-2f0a-4b7c-9a37-0a3ad0c54d6f"}}`),
		"another key":     encodeCursor("list", seqKey{Seq: 3}),
		"no key":          raw(`{"v":1,"l":"list"}`),
		"null key":        raw(`{"v":1,"l":"list","k":null}`),
		"bad id":          raw(`{"v":1,"l":"list","k":{"t":"2026-01-01T00:00:00Z","d":"x"}}`),
		"more after it":   raw(`{"v":1,"l":"list","k":{"t":"2026-01-01T00:00:00Z"}} {}`),
		"too long":        raw(string(make([]byte, 2000))),
	} {
		_, err := decodeCursor[timeKey]("list", cursor)
		require.ErrorIs(t, err, ErrInvalidCursor, name)
		require.ErrorContains(t, err, "first page", name)
	}
}

func TestAnyTextIsACursorOrRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, err := decodeCursor[timeKey]("list", rapid.String().Filter(func(s string) bool { return s != "" }).Draw(t, "cursor"))
		require.ErrorIs(t, err, ErrInvalidCursor)
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for asked, want := range map[int]int{0: DefaultLimit, 1: 1, MaxLimit: MaxLimit} {
		limit, err := Page{Limit: asked}.limit()
		require.NoError(t, err)
		require.Equal(t, want, limit)
	}
	for _, asked := range []int{-1, MaxLimit + 1} {
		_, err := Page{Limit: asked}.limit()
		require.ErrorIs(t, err, ErrInvalid)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 11, 2, hour, 0, 0, 0, time.UTC) }
	booked := func(from, to int) Reservation { return Reservation{FromAt: at(from), ToAt: at(to)} }
	day := Span{From: at(8), To: at(18)}
	for name, c := range map[string]struct {
		bookings []Reservation
		want     []Span
	}{
		"nothing booked":   {nil, []Span{day}},
		"all day":          {[]Reservation{booked(7, 19)}, nil},
		"in the middle":    {[]Reservation{booked(10, 12)}, []Span{{at(8), at(10)}, {at(12), at(18)}}},
		"one after other":  {[]Reservation{booked(8, 10), booked(10, 12)}, []Span{{at(12), at(18)}}},
		"one inside other": {[]Reservation{booked(9, 15), booked(10, 11)}, []Span{{at(8), at(9)}, {at(15), at(18)}}},
		"over the edges":   {[]Reservation{booked(6, 9), booked(17, 20)}, []Span{{at(9), at(17)}}},
	} {
		require.Equal(t, c.want, gaps(c.bookings, day), name)
	}
}

func TestContainingTakesTextLiterally(t *testing.T) {
	t.Parallel()
	require.Equal(t, `%100\% a\_b \\%`, containing(`100% a_b \`))
	require.Empty(t, containing(""))
}
