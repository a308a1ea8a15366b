package store

import (
	"context"

	"github.com/google/uuid"

	"steward/internal/store/storesql"
)

// Kinds of incidents that no event is behind. Every other kind is the code of the fault that parked an event.
const (
	IncidentWorkflowClosed = "workflow_closed" // somebody closed the workflow of an open process in Temporal
	IncidentBehind         = "behind"          // the workflow has seen decisions that Postgres does not hold
	IncidentNobodyLeft     = "nobody_left"     // an open task waits for people of whom none is active any more
)

// NewIncident describes an event that could not be decided.
type NewIncident = storesql.CreateIncidentParams

// ReportIncident opens an incident, or refreshes the open one of the same event.
func (s *Store) ReportIncident(ctx context.Context, incident NewIncident) (Incident, error) {
	reported, err := s.Queries().CreateIncident(ctx, incident)
	return found(reported, err, "report incident of process %s", incident.ProcessID)
}

// Incident reads one incident. The error is ErrNotFound when there is none.
func (s *Store) Incident(ctx context.Context, id uuid.UUID) (Incident, error) {
	incident, err := s.Queries().IncidentByID(ctx, id)
	return found(incident, err, "incident %s", id)
}

// Incidents lists incidents, newest first: the open ones, or all of them.
func (s *Store) Incidents(ctx context.Context, openOnly bool, page Page) (Slice[Incident], error) {
	return listNewest(ctx, s, "incidents", `SELECT i.* FROM incidents i WHERE true`, "i.created_at", "i.id", page,
		func(stmt *statement) {
			if openOnly {
				stmt.add("i.resolved_at IS NULL")
			}
		},
		func(i Incident) timeKey { return timeKey{At: i.CreatedAt, ID: i.ID} })
}

// ProcessIncidents lists the incidents of a process, newest first, at most MaxLimit.
func (s *Store) ProcessIncidents(ctx context.Context, processID uuid.UUID) ([]Incident, error) {
	incidents, err := s.Queries().ProcessIncidents(ctx, storesql.ProcessIncidentsParams{ProcessID: processID, MaxRows: MaxLimit})
	return incidents, Classify(err)
}
