package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/store"
)

// kindNobody is the kind of an incident over a step for which nobody was found; its message ends with the path of the step.
const kindNobody = "nobody"

// behind is the process behind an incident.
type behind struct {
	ID         uuid.UUID
	Definition string
	Version    int32
	Title      store.Text
	Starter    string
}

// called is what people call the process.
func (b behind) called() string {
	if title := b.Title.In("en"); title != "" {
		return fmt.Sprintf("%q (%s)", title, b.Definition)
	}
	return b.Definition
}

// explainer says of incidents what they are about, in the words of their processes' definitions.
type explainer struct {
	store     *store.Store
	catalog   *advance.Catalog
	processes map[uuid.UUID]behind
}

// explain reads the processes of incidents.
func explain(ctx context.Context, st *store.Store, incidents ...store.Incident) (*explainer, error) {
	e := &explainer{store: st, catalog: advance.NewCatalog(st, app.Kinds()), processes: map[uuid.UUID]behind{}}
	ids := make([]uuid.UUID, len(incidents))
	for i, one := range incidents {
		ids[i] = one.ProcessID
	}
	rows, err := st.Pool().Query(ctx, `SELECT id, definition_id, version, title, starter FROM processes WHERE id = ANY ($1)`, ids)
	if err != nil {
		return nil, store.Classify(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[behind])
	for _, b := range found {
		e.processes[b.ID] = b
	}
	return e, store.Classify(err)
}

// remedy says for whom the step of an incident is and which command mends it; empty where the incident says all there is to say.
func (e *explainer) remedy(ctx context.Context, i store.Incident) string {
	path, ok := strings.CutPrefix(i.Message, kindNobody+" at ")
	if i.Kind != kindNobody || !ok || i.ResolvedAt != nil {
		return ""
	}
	b := e.processes[i.ProcessID]
	def, err := e.catalog.Get(ctx, b.Definition, int(b.Version))
	if err != nil || def.Nodes[path] == nil { // it is told in short then
		return ""
	}
	node := def.Nodes[path]
	var who, commands []string
	for _, r := range node.Assign {
		name, command := b.wanted(r)
		who, commands = append(who, name), append(commands, "`steward "+command+"`")
	}
	return fmt.Sprintf("step %s of %s is for %s: see to it that somebody active is there who may do it (%s), then `steward incidents retry %s`",
		cmp.Or(node.ID, path), b.called(), strings.Join(who, ", "), strings.Join(commands, ", "), i.ID)
}

// wanted says whom a rule looks for, and the command that puts somebody there.
func (b behind) wanted(r *definitions.Role) (who, command string) {
	const anybody = "people put … --no-left"
	switch {
	case r.Ref != nil:
		return b.wanted(r.Ref)
	case r.Group != "":
		return "the group " + r.Group, "groups put " + r.Group + " --members …"
	case r.Post != "":
		return "the post " + r.Post, "posts put " + r.Post + " --holders …"
	case r.User != "":
		return r.User, "people put " + r.User + " --no-left"
	case r.Starter:
		return "the starter (" + b.Starter + ")", "people put " + b.Starter + " --no-left"
	case r.LeaderOf != nil:
		return b.leader(r)
	case r.Field != "":
		return "whom " + r.Field + " names", anybody
	case r.ActorOf != "":
		return "whoever did the step " + r.ActorOf, anybody
	case r.ExprOf == "group":
		return "a group that is computed", "groups put … --members …"
	case r.ExprOf == "post":
		return "a post that is computed", "posts put … --holders …"
	}
	return "people who are computed", anybody
}

// leader says whose leader a rule looks for.
func (b behind) leader(r *definitions.Role) (who, command string) {
	below, _ := b.wanted(r.LeaderOf)
	of := "…"
	for led := r.LeaderOf; led != nil; led = led.Ref {
		if led.Starter && r.Level <= 1 {
			of = b.Starter
		}
	}
	who = "the leader of " + below
	if r.Level > 1 {
		who = fmt.Sprintf("the leader %d levels above %s", r.Level, below)
	}
	return who, "people put " + of + " --leader …"
}
