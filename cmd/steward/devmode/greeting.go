package devmode

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/internal/people"
)

// greeting says where everything is, and gives three lines to try. What cannot be found out is left out.
func (s *stack) greeting(ctx context.Context, took time.Duration) (string, error) {
	var b strings.Builder
	base := "http://" + s.app.Addr
	fmt.Fprintf(&b, "\nSteward 管家 is ready after %.1f s.\n\n", took.Seconds())
	fmt.Fprintf(&b, "  Page         %s/\n  API          %s/api/docs\n", base, base)
	if s.ui != "" {
		fmt.Fprintf(&b, "  Temporal UI  %s\n", s.ui)
	}
	fmt.Fprintf(&b, "\nDemo accounts (password %s):\n", people.DemoPassword)
	for _, a := range accounts() {
		fmt.Fprintf(&b, "  %-8s %s, %s\n", a.id, a.name, a.good)
	}
	if !s.opts.NoSamples {
		lines, err := s.tour(ctx, base)
		if err != nil {
			return "", err
		}
		b.WriteString("\nTry it in another terminal (an application for a room, what waits for a decision, a decision):\n\n")
		b.WriteString(strings.Join(lines, "\n"))
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\nOther commands, in another terminal (the first part tells it where everything is):\n\n  %s\n", s.elsewhere())
	if s.opts.LogFile != "" {
		fmt.Fprintf(&b, "\nLog: %s. ", s.opts.LogFile)
	}
	b.WriteString("Ctrl-C stops everything; the next run continues where this one ends.")
	return b.String(), nil
}

// elsewhere is a line that lets another terminal use the servers of this run, and a first command for it.
func (s *stack) elsewhere() string {
	dir := ""
	if s.opts.Dir != DefaultDir {
		dir = " --dir '" + s.opts.Dir + "'"
	}
	return fmt.Sprintf(`eval "$(%s dev --print-env%s)" && %s incidents list`, s.opts.program(), dir, s.opts.program())
}

// tour makes the three lines: start a meeting, list tasks, complete one. They can be pasted as they are.
func (s *stack) tour(ctx context.Context, base string) ([]string, error) {
	secrets, err := tokens(ctx, s.app.People, s.opts.Dir, applicant, decider)
	if err != nil {
		return nil, err
	}
	task, err := s.waiting(ctx)
	if err != nil {
		return nil, err
	}
	body, err := s.meetingBody(ctx)
	if err != nil {
		return nil, err
	}
	lines := []string{
		post(secrets[applicant], base+"/api/v1/processes", body),
		get(secrets[decider], base+"/api/v1/tasks?scope=claimable"),
	}
	if task != uuid.Nil {
		lines = append(lines, post(secrets[decider], fmt.Sprintf("%s/api/v1/tasks/%s/complete", base, task), `{"outcome":"approved"}`))
	}
	return lines, nil
}

// meetingBody asks for a room at 14:00 of the fourth working day from now, so that nothing of its preparation is late: one that is free
// then, or the first when none is.
func (s *stack) meetingBody(ctx context.Context) (string, error) {
	f, err := s.filler()
	if err != nil {
		return "", err
	}
	from := f.workday(4).Add(14 * time.Hour)
	room, err := f.freeRoom(ctx, from, from.Add(time.Hour))
	if err != nil {
		return "", err
	}
	if room == "" {
		room = "room-1"
	}
	body, err := json.Marshal(map[string]any{"definition": "room_booking", "input": map[string]any{
		"title": "周例会", "room": room, "start": stamp(from), "end": stamp(from.Add(time.Hour)), "headcount": 8, "department": "营销部", "purpose": "例会",
	}})
	if err != nil {
		return "", fmt.Errorf("write the example: %w", err)
	}
	return string(body), nil
}

func get(token, url string) string {
	return fmt.Sprintf("curl -sS -w '\\n' -H 'Authorization: Bearer %s' '%s'", token, url)
}

// post makes a command with an idempotency key of its own: pasted twice, it does its work once.
func post(token, url, body string) string {
	return fmt.Sprintf("curl -sS -w '\\n' -H 'Authorization: Bearer %s' -H 'Idempotency-Key: %s' -H 'Content-Type: application/json' -d '%s' '%s'",
		token, "try-"+strings.ToLower(rand.Text()[:10]), body, url)
}
