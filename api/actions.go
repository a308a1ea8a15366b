package api

import (
	"slices"
	"strings"

	"steward/definitions"
	"steward/internal/store"
	"steward/workflows/engine"
)

// This file tells clients what they may do. It foresees what Decide would say and never replaces it: where a rule needs
// facts that only a decision reads, the action is offered.

func may(action string) AllowedAction { return AllowedAction{Action: action, Allowed: true} }

func mayNot(action, zh, en string) AllowedAction {
	return AllowedAction{Action: action, Reason: Text{Zh: zh, En: en}}
}

// taskActions answers the usual verbs of a task. t is the task in the process's state, nil when it was not read.
func taskActions(item store.TaskItem, t *engine.Task, who *caller) []AllowedAction {
	if item.Status != "open" {
		return []AllowedAction{may("comment")}
	}
	mine := deref(item.Assignee) == who.ID
	excluded := t != nil && slices.Contains(t.Exclude, who.ID)
	offered := item.Assignee == nil && !excluded && slices.ContainsFunc(item.Candidates, who.is)
	return []AllowedAction{
		claimAction(item, mine, offered),
		releaseAction(item, mine || who.operator()),
		doAction("complete", mine || offered, item),
		doAction("transfer", mine || offered || who.operator(), item),
		may("comment"),
	}
}

func claimAction(item store.TaskItem, mine, offered bool) AllowedAction {
	switch {
	case mine:
		return mayNot("claim", "任务已在您手中", "you have the task already")
	case offered:
		return may("claim")
	}
	return notYours("claim", item)
}

func releaseAction(item store.TaskItem, entitled bool) AllowedAction {
	switch {
	case item.Assignee == nil:
		return mayNot("release", "任务尚未被认领", "nobody has the task")
	case !entitled:
		return notYours("release", item)
	case len(item.Candidates) == 0:
		return mayNot("release", "任务直接指派给您，可转办他人", "the task was given to you directly, transfer it instead")
	}
	return may("release")
}

func doAction(verb string, allowed bool, item store.TaskItem) AllowedAction {
	if allowed {
		return may(verb)
	}
	return notYours(verb, item)
}

func notYours(verb string, item store.TaskItem) AllowedAction {
	if item.Assignee != nil {
		return mayNot(verb, "任务已由他人办理", "somebody else has the task")
	}
	return mayNot(verb, "这个任务不由您处理", "this task is not yours to do")
}

// processActions answers the events of a process and the verbs that stand for some of them.
func processActions(def *definitions.Definition, state *engine.State, who *caller) []AllowedAction {
	actions := []AllowedAction{cancelAction(def, state, who)}
	for _, e := range def.Events {
		a := eventAction(e, state, who)
		actions = append(actions, a)
		if e.Name == eventReschedule {
			a.Action = eventReschedule
			actions = append(actions, a)
		}
	}
	return actions
}

func eventAction(e *definitions.Event, state *engine.State, who *caller) AllowedAction {
	a := may("event:" + e.Name)
	told, again := state.Events[e.Name]
	switch {
	case state.Status != engine.StatusRunning:
		a = over(a.Action)
	case !mayTell(e, state, who):
		a = mayNot(a.Action, "您无权进行此操作", "this is for others to tell")
	case again && e.Anchor && !e.Correctable && !told.At.IsZero():
		a = mayNot(a.Action, "此事已登记", "this has been told already")
	}
	a.Title, a.Schema = eventTitle(e), schemaView(e.Schema)
	return a
}

func over(action string) AllowedAction {
	return mayNot(action, "流程已经结束或正在结束", "the process has ended or is ending")
}

func cancelAction(def *definitions.Definition, state *engine.State, who *caller) AllowedAction {
	switch {
	case state.Status != engine.StatusRunning:
		return over(eventCancel)
	case state.Starter == who.ID || who.operator():
		return may(eventCancel)
	}
	if e := cancelEvent(def); e != nil && mayTell(e, state, who) {
		return may(eventCancel)
	}
	return mayNot(eventCancel, "只有发起人、运维人员或流程规定的人可以撤销", "only the starter, an operator or those whom the process names may cancel it")
}

// cancelEvent finds the event by which a definition lets others than the starter end a process.
func cancelEvent(def *definitions.Definition) *definitions.Event {
	for _, e := range def.Events {
		if e.Name == eventCancel && e.End != "" {
			return e
		}
	}
	return nil
}

// mayTell says whether the caller stands in one of the event's roles; a role that only a decision can resolve counts.
func mayTell(e *definitions.Event, state *engine.State, who *caller) bool {
	return who.operator() || slices.ContainsFunc(e.By, func(r *definitions.Role) bool {
		principals := knownPrincipals(r, state)
		return principals == nil || slices.ContainsFunc(principals, who.is)
	})
}

// inputPrincipal answers the person whom a field of the input names.
func inputPrincipal(field string, state *engine.State) []string {
	if name, ok := state.Input[strings.TrimPrefix(field, "input.")].(string); ok && name != "" {
		return []string{"user:" + name}
	}
	return nil
}
