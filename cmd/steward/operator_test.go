package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
	"steward/internal/store"
)

const staffless = `process: staffless
name: { zh: 无人, en: Staffless }
title: { zh: 无人, en: "Staffless {{input.n}}" }
outcomes: [done]
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - { id: first, uses: task, assign: starter }
  - { id: decide, uses: approval, assign: [{ group: night-shift }, { leader-of: starter, level: 3 }], on: { rejected: next, returned: next } }
  - { end: done }
`

// TestAnIncidentOfNobodySaysWhatMendsIt: which step of which process is for whom, the command, and the id that is to be retried.
func TestAnIncidentOfNobodySaysWhatMendsIt(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	h.Publish(staffless)
	person := h.SignIn("axia")
	process := person.Start("staffless", map[string]any{"n": 7})
	person.Act(person.Task(process, "first")["id"], "complete", map[string]any{"outcome": "done"})
	open := func() (one store.Incident) {
		apptest.Until(t, "the incident", func() bool {
			all, err := h.App.Store.ProcessIncidents(t.Context(), uuid.MustParse(process))
			require.NoError(t, err)
			if len(all) > 0 {
				one = all[0]
			}
			return len(all) > 0 && one.ResolvedAt == nil
		})
		return one
	}
	first := open()
	says := func(id uuid.UUID) string {
		return "step decide of \"Staffless 7\" (staffless) is for the group night-shift, the leader 3 levels above the starter (axia): see to it that somebody active is there " +
			"who may do it (`steward groups put night-shift --members …`, `steward people put … --leader …`), then `steward incidents retry " + id.String() + "`"
	}
	list := steward(t, "", "incidents", "list", "--database-url", h.DatabaseURL)
	require.Contains(t, list.out, "process "+process+` "Staffless 7" (staffless), event `)
	require.Contains(t, list.out, "\n  "+says(first.ID)+"\n")
	require.Contains(t, steward(t, "", "incidents", "list", "--format", "json", "--database-url", h.DatabaseURL).out, `"definition":"staffless"`)

	retry := func(id uuid.UUID) said {
		return steward(t, "", "incidents", "retry", id.String(), "--database-url", h.DatabaseURL, "--temporal-address", h.Config.TemporalAddress, "--task-queue", h.Config.TaskQueue)
	}
	s := retry(first.ID)
	second := open()
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, said{code: exitFailed, err: "steward: the event was parked again, as incident " + second.ID.String() + ": " + says(second.ID) + "\n"}, s, "and no line of the log")
	oneSentence(t, retry(first.ID), "incident "+first.ID.String()+" was retried before; its event waits as incident "+second.ID.String()+" now")

	require.Zero(t, steward(t, "", "groups", "put", "night-shift", "--name", "夜班", "--members", "awei", "--database-url", h.DatabaseURL).code)
	require.Equal(t, said{out: "decided again\n"}, retry(second.ID))
}

// TestOperatorsWork runs the commands of operators against an installation that is at work.
func TestOperatorsWork(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	operate := func(args ...string) said {
		return steward(t, "", append(args, "--database-url", h.DatabaseURL, "--temporal-address", h.Config.TemporalAddress, "--task-queue", h.Config.TaskQueue)...)
	}

	s := operate("publish")
	require.Zero(t, s.code, s.err)
	require.Regexp(t, `^[1-9]\d* new versions`, s.out)
	require.Equal(t, "0 new versions of the shipped definitions\n", operate("publish").out)
	s = operate("publish", "../../definitions/library/after-sales/complaint.yaml")
	require.Equal(t, "unchanged complaint\n", s.out, s.err)
	faulty := filepath.Join(t.TempDir(), "faulty.yaml")
	require.NoError(t, os.WriteFile(faulty, []byte("process: faulty\n"), 0o600))
	s = operate("publish", faulty)
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "steward lint")

	h.App.Catalog.Reload()
	process := h.SignIn("axia").Start("complaint", map[string]any{"customer": "王女士", "phone": "021-55550134", "subject": "等候", "text": "等候太久"})
	require.Equal(t, "1 processes verified, 0 differ\n", operate("verify").out)
	require.Equal(t, "1 processes verified, 0 differ\n", operate("verify", process).out)

	s = operate("recover", "--temporal-lost")
	require.Zero(t, s.code, s.err)
	require.Contains(t, s.out, "done: 1 open processes, 0 workflows started")

	year := filepath.Join(t.TempDir(), "2027.yaml")
	require.NoError(t, os.WriteFile(year, []byte("calendar: cn\nyear: 2027\nnotice: made up\noff: [2027-01-01]\n"), 0o600))
	require.Equal(t, "calendar cn loaded as version 1; 1 open process looks at its deadlines again\n", operate("calendar", "load", year).out)
	require.Equal(t, "calendar cn is loaded already, as version 1\n", operate("calendar", "load", year).out)

	require.NoError(t, os.WriteFile(year, []byte("calendar: cn\nyear: 2027\nnotice: made up\noff: [2027-01-01]\nwork: [2027-01-05]\nrevision: 2\n"), 0o600))
	oneSentence(t, operate("calendar", "load", year), year, "work[0]: 2027-01-05 is a Tuesday and worked anyway")
	require.NoError(t, os.WriteFile(year, []byte("calendar: cn\nyear: 2027\nnotise: made up\n"), 0o600))
	oneSentence(t, operate("calendar", "load", year), `line 3, column 1: unknown field "notise"`)

	require.Equal(t, said{out: "healthy\n"}, operate("health", "--worker", "--timeout", "20s"))
	s = steward(t, "", "health", "--worker", "--timeout", "20s", "--database-url", h.DatabaseURL, "--temporal-address", h.Config.TemporalAddress, "--task-queue", "idle")
	oneSentence(t, s, "not healthy: no worker on", "STEWARD_TASK_QUEUE")
	oneSentence(t, steward(t, "", "health", "--worker", "--database-url", ""), "DATABASE_URL")

	for verb, want := range map[string]string{"retry": "decided again\n", "drop": "dropped\n"} {
		incident, err := h.App.Store.ReportIncident(t.Context(), store.NewIncident{
			ProcessID: uuid.MustParse(process), EventID: "cmd/" + uuid.NewString(), Kind: "fuel", Message: "too many steps",
		})
		require.NoError(t, err)
		require.Equal(t, want, operate("incidents", verb, incident.ID.String(), "--by", "awei").out)
		done, err := h.App.Store.Incident(t.Context(), incident.ID)
		require.NoError(t, err)
		require.NotNil(t, done.ResolvedBy)
		require.Equal(t, "awei", *done.ResolvedBy)
	}

	_, err := h.App.Store.Pool().Exec(t.Context(), `UPDATE processes SET state = replace(state, '等候太久', '不用等') WHERE id = $1`, process)
	require.NoError(t, err)
	s = operate("verify", process)
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.out, process)
	require.Contains(t, s.out, "1 processes verified, 1 differ\n")
}
