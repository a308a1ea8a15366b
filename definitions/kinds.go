package definitions

import (
	"time"

	"steward/definitions/expr"
)

// The parameters of the built-in kinds. Their JSON Schema is derived from these structs.
type (
	noParams     struct{}
	approvalWith struct {
		Mode string `json:"mode,omitempty"`
		Self string `json:"self,omitempty"`
	}
	chooseWith struct {
		Table string `json:"table"`
	}
	setWith struct {
		Input map[string]any `json:"input"`
	}
	notifyWith struct {
		To   any `json:"to"`
		Text any `json:"text"`
	}
	waitWith struct {
		Until any    `json:"until,omitempty"`
		Event string `json:"event,omitempty"`
	}
	processWith struct {
		Process string         `json:"process"`
		Input   map[string]any `json:"input,omitempty"`
		Wait    bool           `json:"wait,omitempty"`
	}
	reserveWith struct {
		Resource string    `json:"resource"`
		From     time.Time `json:"from"`
		To       time.Time `json:"to"`
	}
	releaseWith struct {
		Resource string `json:"resource"`
	}
	recordWith struct {
		Register string         `json:"register"`
		Key      any            `json:"key,omitempty"`
		Entry    map[string]any `json:"entry"`
	}
)

// Builtin lists the descriptors of the kinds that the language itself knows. What they do is registered beside them.
func Builtin() []Kind {
	return append(builtinHuman(), builtinAutomated()...)
}

func builtinHuman() []Kind {
	return []Kind{
		{
			Name: "task", Title: Text{"任务", "Task"}, Human: true, Free: true, Outcomes: []string{"done"}, Params: noParams{}, Open: true,
			Doc: Text{"由人完成的任务；with 中的内容展示给办理人。", "Work that a person does; what `with` holds is shown to the person."},
		},
		{
			Name: "approval", Title: Text{"审批", "Approval"}, Human: true, Free: true, Outcomes: []string{"approved", "rejected", "returned"}, Params: approvalWith{},
			Doc: Text{"审批：或签、会签或依次审批。", "A decision by one of several people, by all of them, or by one after the other."},
		},
	}
}

func builtinAutomated() []Kind {
	return []Kind{
		{
			Name: "choose", Title: Text{"判定", "Choose"}, Outcomes: []string{"done", "no_match"}, Params: chooseWith{},
			Doc: Text{"查决策表；表的 outcome 列给出结果。", "Looks something up in a decision table, whose column `outcome` gives the outcome."},
		},
		{
			Name: "set", Title: Text{"赋值", "Set"}, Outcomes: []string{"done"}, Params: setWith{},
			Doc: Text{"改写流程输入的字段。", "Replaces fields of the process's input."},
		},
		{
			Name: "notify", Title: Text{"通知", "Notify"}, Outcomes: []string{"done"}, Params: notifyWith{},
			Doc: Text{"发送消息。", "Sends a message."},
		},
		{
			Name: "wait", Title: Text{"等待", "Wait"}, Outcomes: []string{"elapsed", "received"}, Params: waitWith{},
			Doc: Text{"等到某时刻、某事件，或先到者。", "Waits for a moment, an event, or whichever comes first."},
		},
		{
			Name: "process", Title: Text{"子流程", "Process"}, Outcomes: []string{"started"}, Params: processWith{},
			Output: map[string]expr.Type{"process": expr.String()},
			Doc:    Text{"启动另一个流程，可等待其结束。", "Starts another process and may wait for its end."},
		},
		{
			Name: "reserve", Title: Text{"预订", "Reserve"}, Outcomes: []string{"done", "conflict"}, Params: reserveWith{},
			Output: map[string]expr.Type{
				"resource": expr.String(), "from": expr.Time(), "to": expr.Time(), "holder": expr.String().Nullable(),
			},
			Doc: Text{"预订资源；重叠由数据库拒绝。", "Books a resource for a time; the database refuses what overlaps."},
		},
		{
			Name: "release", Title: Text{"释放", "Release"}, Outcomes: []string{"done"}, Params: releaseWith{},
			Doc: Text{"结束预订。", "Ends a booking now and keeps its past."},
		},
		{
			Name: "record", Title: Text{"登记", "Record"}, Outcomes: []string{"done", "exists"}, Params: recordWith{},
			Doc: Text{"在登记簿中写一条。", "Writes an entry into a register."},
		},
	}
}
