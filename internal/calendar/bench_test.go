package calendar_test

import (
	"testing"
	"time"

	"steward/internal/calendar"
)

func BenchmarkAddWorkingDays(b *testing.B) {
	c := china(b)
	from := at(b, "2026-02-13 16:00:00")
	for b.Loop() {
		c.AddWorkingDays(from, 5)
	}
}

func BenchmarkAddWorkingTime(b *testing.B) {
	c := china(b)
	from := at(b, "2026-02-13 16:00:00")
	for b.Loop() {
		c.AddWorkingTime(from, 20*time.Hour)
	}
}

func BenchmarkNext(b *testing.B) {
	c := china(b)
	from := at(b, "2026-02-14 20:00:00")
	for b.Loop() {
		c.Next("call_windows", from)
	}
}

func BenchmarkBundled(b *testing.B) {
	for b.Loop() {
		if _, err := calendar.Bundled("cn"); err != nil {
			b.Fatal(err)
		}
	}
}
