package api

import (
	"maps"

	"steward/definitions"
)

// detailsForm answers a schema with the titles of a task's details. A detail is called what the parameters of its task
// definition say, else as the field of the same name in the start form, else as in any other form of the process.
func detailsForm(d taskDetail) JSONSchema {
	if len(d.task.Details) == 0 {
		return nil
	}
	properties, order := make(map[string]any, len(d.task.Details)), []string{}
	for _, name := range detailOrder(d) {
		order = append(order, name)
		if part := titledPart(d, name); part != nil {
			properties[name] = part
		}
	}
	return JSONSchema{"type": "object", "properties": properties, "x-order": order}
}

// detailOrder lists the details as their task definition does, else by name.
func detailOrder(d taskDetail) []string {
	var order []string
	if d.node.Task != nil && d.node.Task.With != nil {
		for _, f := range d.node.Task.With.Fields {
			if _, given := d.task.Details[f.Name]; given {
				order = append(order, f.Name)
			}
		}
		return order // a task definition refuses parameters that it does not name
	}
	return sortedKeys(d.task.Details)
}

func titledPart(d taskDetail, name string) map[string]any {
	part := partOf(d.def.Input, name)
	if d.node.Task != nil {
		if own := partOf(d.node.Task.With, name); own != nil {
			part = maps.Clone(part) // the start form knows more of it, such as the titles of its choices
			if part == nil {
				part = make(map[string]any, len(own))
			}
			delete(part, "default")
			maps.Copy(part, own)
		}
	}
	if part != nil {
		return part
	}
	for _, path := range sortedKeys(d.def.Nodes) {
		n := d.def.Nodes[path]
		if n.Form != nil {
			part = partOf(n.Form.Schema, name)
		}
		if part == nil && n.Task != nil {
			part = partOf(n.Task.With, name)
		}
		if part != nil {
			return part
		}
	}
	return nil
}

// partOf answers the schema of a property, nil when there is none.
func partOf(s *definitions.Schema, name string) map[string]any {
	if s == nil {
		return nil
	}
	properties, _ := s.Raw["properties"].(map[string]any)
	part, _ := properties[name].(map[string]any)
	return part
}
