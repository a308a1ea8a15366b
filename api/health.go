package api

import (
	"context"
	"log/slog"
	"time"
)

// probeTimeout bounds one readiness check, so that /readyz answers when what it asks does not.
const probeTimeout = time.Second

// GetHealth says that the program answers at all.
func (s *Server) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Status: HealthStatusAlive}, nil
}

// GetReadiness runs every probe at once and says which are well.
func (s *Server) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	answer := Readiness{Status: ReadinessStatusReady, Checks: make([]Check, len(s.probes))}
	done := make(chan int, len(s.probes))
	for i, p := range s.probes {
		go func() {
			answer.Checks[i] = s.probe(ctx, p)
			done <- i
		}()
	}
	for range s.probes {
		c := answer.Checks[<-done]
		if c.Needed && !c.Ok {
			answer.Status = ReadinessStatusUnready
		}
	}
	if answer.Status == ReadinessStatusUnready {
		return GetReadiness503JSONResponse(answer), nil
	}
	return GetReadiness200JSONResponse(answer), nil
}

func (s *Server) probe(ctx context.Context, p Probe) Check {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := p.Check(ctx)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "not ready", slog.String("check", string(p.Name)), slog.Any("error", err))
	}
	return Check{Name: p.Name, Ok: err == nil, Needed: p.Needed}
}
