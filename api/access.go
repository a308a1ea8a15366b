package api

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"steward/internal/store"
	"steward/internal/store/storesql"
	"steward/workflows/engine"
)

//go:embed permissions.yaml
var permissionsText []byte

// relation is how a person stands to a process or task; see permissions.yaml.
type relation string

const (
	starter     relation = "starter"
	assignee    relation = "assignee"
	candidate   relation = "candidate"
	participant relation = "participant"
	operator    relation = "operator"
)

// Words of `who`, `of` and `scope` in permissions.yaml.
const (
	whoAnyone   = "anyone"
	whoSignedIn = "signed-in"
	ofProcess   = "process"
	ofTask      = "task"

	scopeRead    = "read"
	scopeWrite   = "write"
	scopeSession = "session"
)

// permission is one row of permissions.yaml.
type permission struct {
	Who   who    `yaml:"who"`
	Of    string `yaml:"of"`
	Scope string `yaml:"scope"`
}

// who is either one word or a list of relations.
type who struct {
	word      string
	relations []relation
}

// UnmarshalYAML reads a word or a list; an unknown relation is an error.
func (w *who) UnmarshalYAML(text []byte) error {
	if yaml.Unmarshal(text, &w.relations) != nil {
		w.relations = nil
		return yaml.Unmarshal(text, &w.word)
	}
	for _, r := range w.relations {
		if !slices.Contains([]relation{starter, assignee, candidate, participant, operator}, r) {
			return fmt.Errorf("unknown relation %q", r)
		}
	}
	return nil
}

// loadPermissions reads the embedded rows and refuses those that mean nothing.
func loadPermissions() (map[string]permission, error) {
	var rows map[string]permission
	if err := yaml.UnmarshalWithOptions(permissionsText, &rows, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read permissions.yaml: %w", err)
	}
	for operation, row := range rows {
		if err := row.check(); err != nil {
			return nil, fmt.Errorf("permissions.yaml: %s: %w", operation, err)
		}
	}
	return rows, nil
}

func (p permission) check() error {
	switch {
	case p.Who.word == whoAnyone:
		return nil
	case !slices.Contains([]string{scopeRead, scopeWrite, scopeSession}, p.Scope):
		return fmt.Errorf("scope %q, want read, write or session", p.Scope)
	case p.Who.word == whoSignedIn && p.Of == "":
		return nil
	case len(p.Who.relations) > 0 && (p.Of == ofProcess || p.Of == ofTask):
		return nil
	}
	return errors.New("who must be anyone, signed-in, or relations together with of: process | task")
}

// subject is the process or task that a request names, read once when its permission is checked.
type subject struct {
	process   store.Process
	task      store.TaskInProcess
	relations []relation
}

func (s *subject) is(r relation) bool { return slices.Contains(s.relations, r) }

// authorize enforces the permission row of the operation.
func (s *Server) authorize(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := operationOf(c)
		if op == nil || op.permission.Who.word == whoAnyone {
			return next(c)
		}
		ctx := c.Request().Context()
		who := callerOf(ctx)
		if who == nil {
			return fail(codeSignIn)
		}
		if !who.allows(op.permission.Scope) {
			return fail(codeScope)
		}
		if op.permission.Of == "" {
			return next(c)
		}
		sub, err := s.permitted(c, who, op.permission)
		if err != nil {
			return err
		}
		c.SetRequest(c.Request().WithContext(context.WithValue(ctx, subjectKey{}, sub)))
		return next(c)
	}
}

// permitted reads what the path names and checks how the caller stands to it. Who repeats a command of theirs passes in
// any case: a command may itself end the right to send it (a transfer does), and its first answer is still theirs.
func (s *Server) permitted(c echo.Context, who *caller, row permission) (*subject, error) {
	id, err := uuid.Parse(c.Param(row.Of + "Id"))
	if err != nil {
		return nil, failField(row.Of+"Id", "format", Text{Zh: "不是有效的 UUID", En: "not a UUID"})
	}
	noteSubject(c, row.Of, id)
	ctx := c.Request().Context()
	sub, err := s.subject(ctx, who, row.Of, id)
	if err == nil && !slices.ContainsFunc(row.Who.relations, sub.is) {
		err = fail(codeForbidden)
	}
	if err == nil {
		return sub, nil
	}
	if code := failureOf(err).code; code != codeForbidden && code != codeNotFound {
		return nil, err
	}
	if again, found := s.repeated(c, who, row, id); found {
		return again, nil
	}
	return nil, err
}

// commandsOf names the commands that an operation sends; none for those that store something without a command.
func commandsOf(operation string) []string {
	switch operation {
	case "claimTask":
		return []string{engine.EventClaim}
	case "releaseTask":
		return []string{engine.EventRelease}
	case "completeTask":
		return []string{engine.EventComplete}
	case "transferTask":
		return []string{engine.EventTransfer}
	case "tellProcess", "rescheduleProcess":
		return []string{engine.EventTell}
	case "cancelProcess":
		return []string{engine.EventCancel, engine.EventTell}
	}
	return nil
}

// repeated answers the subject of a command that the caller has sent before with the same key. The key opens only the
// operation that it was used for: with another one it would be a way around permissions.
func (s *Server) repeated(c echo.Context, who *caller, row permission, id uuid.UUID) (*subject, bool) {
	ctx, key := c.Request().Context(), c.Request().Header.Get("Idempotency-Key")
	if row.Scope != scopeWrite || key == "" || len(key) > 200 || !utf8.ValidString(key) {
		return nil, false
	}
	command, err := s.store.Queries().CommandByKey(ctx, storesql.CommandByKeyParams{Actor: who.ID, Key: key})
	if err != nil || !slices.Contains(commandsOf(operationOf(c).id), command.Type) {
		return nil, false
	}
	all := &caller{ID: who.ID, Roles: []string{string(operator)}}
	sub, err := s.subject(ctx, all, row.Of, id)
	if err != nil || (command.ProcessID != sub.process.ID && command.ProcessID != sub.task.ProcessID) {
		return nil, false
	}
	sub.relations = []relation{participant}
	return sub, true
}

// subject reads a process or task. The error is not_found when the caller may not know of it.
func (s *Server) subject(ctx context.Context, who *caller, of string, id uuid.UUID) (*subject, error) {
	if of == ofTask {
		return s.taskSubject(ctx, who, id)
	}
	process, err := s.store.Process(ctx, who.viewer(), id)
	if err != nil {
		return nil, err
	}
	sub := &subject{process: process, relations: []relation{participant}}
	sub.add(starter, process.Starter == who.ID)
	sub.add(operator, who.operator())
	return sub, nil
}

func (s *subject) add(r relation, when bool) {
	if when {
		s.relations = append(s.relations, r)
	}
}

func (s *Server) taskSubject(ctx context.Context, who *caller, id uuid.UUID) (*subject, error) {
	task, err := s.store.Task(ctx, who.viewer(), id)
	if errors.Is(err, store.ErrNotFound) {
		return s.closedTaskSubject(ctx, who, id)
	}
	if err != nil {
		return nil, err
	}
	sub := &subject{task: task, relations: []relation{participant}}
	sub.add(starter, task.Starter == who.ID)
	sub.add(assignee, task.Assignee != nil && *task.Assignee == who.ID)
	sub.add(candidate, slices.ContainsFunc(task.Candidates, who.is))
	sub.add(operator, who.operator())
	if task.Status != "open" && !sub.is(assignee) {
		former, err := s.store.WasOffered(ctx, who.viewer(), id)
		if err != nil {
			return nil, err
		}
		sub.add(candidate, former)
	}
	return sub, nil
}

// closedTaskSubject lets those who could have taken a task learn that somebody else has, although it is in none of their lists
// any more: whoever loses a race is told by whom, not that there is no task.
func (s *Server) closedTaskSubject(ctx context.Context, who *caller, id uuid.UUID) (*subject, error) {
	task, err := s.store.Task(ctx, store.Viewer{UserID: who.ID, All: true}, id)
	if err != nil {
		return nil, err
	}
	if task.Status == "open" {
		return nil, fail(codeNotFound)
	}
	former, err := s.store.WasOffered(ctx, who.viewer(), id)
	if err != nil {
		return nil, err
	}
	if !former {
		return nil, fail(codeNotFound)
	}
	return &subject{task: task, relations: []relation{candidate}}, nil
}

type subjectKey struct{}

// subjectOf answers what authorize read for this request.
func subjectOf(ctx context.Context) *subject {
	sub, _ := ctx.Value(subjectKey{}).(*subject)
	if sub == nil {
		return &subject{}
	}
	return sub
}
