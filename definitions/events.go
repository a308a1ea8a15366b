package definitions

import "steward/definitions/expr"

// eventNames reads what the steps need to know of events: names, payloads, whether they make an anchor known.
func (c *compiler) eventNames(it *item) {
	if it == nil || !c.isMap(it, "events") {
		return
	}
	for _, e := range it.entries {
		if !c.checkID(e.key) || !c.keys(e.value, eventShape()) {
			continue
		}
		ev := &Event{Name: e.key.text, Title: c.text(e.value.get("title")), Anchor: e.value.has("anchor")}
		c.eventPayload(ev, e.value)
		ev.Correctable = c.flag(e.value.get("correctable"), "correctable")
		if ev.Correctable && !ev.Anchor {
			c.problems.add(e.value.keyOf("correctable").at(), codeKeyNotHere, "correctable", "an event without anchor", keysText([]string{"anchor", "correctable"}))
		}
		c.def.Events = append(c.def.Events, ev)
	}
}

// eventPayload derives the schema of what is told with an event.
func (c *compiler) eventPayload(ev *Event, it *item) {
	set, propose, form := it.get("set"), it.get("propose"), it.get("form")
	switch {
	case set != nil && propose != nil:
		c.problems.add(it.keyOf("propose").at(), codeConflict, "set", "propose")
	case form != nil && (set != nil || propose != nil):
		c.problems.add(it.keyOf("form").at(), codeConflict, "form", "set or propose")
	case set != nil:
		ev.Set = c.inputPart(set, false)
		ev.Schema = ev.Set
	case propose != nil:
		ev.Propose = c.words(propose, "propose")
		ev.Schema = c.inputPart(propose, false)
		if !it.has("via") {
			c.problems.add(it.at(), codeMissingKey, "via", "an event that proposes")
		}
	case form != nil:
		if f := c.formOf(form); f != nil {
			ev.Schema = f.Schema
		}
	}
	if via := it.get("via"); via != nil && propose == nil {
		c.problems.add(it.keyOf("via").at(), codeKeyNotHere, "via", "an event without propose", keysText([]string{"propose", "via"}))
	}
}

func (c *compiler) event(name string) *Event {
	for _, e := range c.def.Events {
		if e.Name == name {
			return e
		}
	}
	return nil
}

func (c *compiler) eventIDs() []string {
	var names []string
	for _, e := range c.def.Events {
		names = append(names, e.Name)
	}
	return names
}

// eventActions reads where events lead; it runs when every step and block is known.
func (c *compiler) eventActions() {
	for _, e := range c.def.Events {
		it := c.eventItem(e)
		if via := it.get("via"); via != nil {
			e.Via = c.block(via)
			c.viaBlocks[via.plainText()] = true
		}
		if end := it.get("end"); end != nil {
			e.End = c.endOutcome(end)
		}
		then := it.get("then")
		if then == nil || !c.keys(then, eventThenShape()) {
			continue
		}
		for _, r := range then.get("redo").elements() {
			if id := c.stepNamed(r); id != "" {
				e.Redo = append(e.Redo, id)
			}
		}
		if then.has("redo") && len(then.entries) == 1 {
			continue
		}
		e.Then = c.actionOf(then, "events/"+e.Name+"#then", nil)
	}
}

func (c *compiler) eventItem(e *Event) *item { return c.file.root.get("events").get(e.Name) }

// events compiles the people, times and expressions of events.
func (c *compiler) events(*item) {
	for _, e := range c.def.Events {
		it, at := c.eventItem(e), c.anywhere()
		e.By = c.roleList(it.get("by"), setting{scope: at})
		if a := it.get("anchor"); a != nil && a.plainText() != "now" {
			own := at
			own.Scope = at.With("payload", nullableFields(e.Schema.TypeOf()))
			e.At = c.bare(a, own, expr.WantTime())
		}
		e.Default = c.times(it.get("default"), at, opening)
		if d := it.get("default"); d != nil && !e.Anchor {
			c.problems.add(it.keyOf("default").at(), codeKeyNotHere, "default", "an event without anchor", keysText([]string{"anchor", "default"}))
		}
		c.eventReminder(e, it.get("remind"), at)
	}
}

func (c *compiler) eventReminder(e *Event, it *item, at scopeAt) {
	if it == nil || !c.keys(it, eventRemindShape()) {
		return
	}
	var r Remind
	if from := it.get("from"); from != nil {
		if v, ok := c.timeValue(from, at, opening); ok {
			r.From, r.At = &v, v
		}
	}
	r.Every = c.interval(it.get("every"), at)
	r.To = c.roleList(it.get("to"), setting{scope: at})
	e.Remind = append(e.Remind, r)
}
