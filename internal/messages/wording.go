package messages

// Templates of messages. The engine emits them by these names, which stay the same for ever: stored messages carry them.
const (
	TaskReminder       = "task.reminder"
	TaskEscalated      = "task.escalated"
	TaskEscalatedTo    = "task.escalated_to"
	TaskTransferred    = "task.transferred"
	EventReminder      = "event.reminder"
	ProcessRescheduled = "process.rescheduled"
	ProcessCancelled   = "process.cancelled"
	ProposalFailed     = "proposal.failed"
	Text               = "text" // the definition gives the text
)

// wording is a template in one language. {task} and {process} stand for titles, {by} for a person's name, {event} for what is to
// be told, {text} for a text of the definition, {comment} for what somebody wrote.
type wording struct {
	title string
	body  string
}

// inBoth is a template in both languages.
type inBoth struct {
	zh wording
	en wording
}

// templates answers the wording of a template; of an unknown one, which a newer build has written, something that is true anyway.
func templates(name string) (inBoth, bool) {
	switch name {
	case TaskReminder:
		return inBoth{
			wording{"任务提醒", "请处理“{task}”（{process}）。"},
			wording{"Reminder", "“{task}” waits for you ({process})."},
		}, true
	case TaskEscalated:
		return inBoth{
			wording{"任务超时", "“{task}”已超时，请关注（{process}）。"},
			wording{"Task overdue", "“{task}” is overdue ({process})."},
		}, true
	case TaskEscalatedTo:
		return inBoth{
			wording{"超时任务转由您处理", "“{task}”因超时转由您处理（{process}）。"},
			wording{"Overdue task passed on to you", "“{task}” was overdue and is yours now ({process})."},
		}, true
	case TaskTransferred:
		return inBoth{
			wording{"任务转办", "{by}把“{task}”转办给您（{process}）。{comment}"},
			wording{"Task transferred to you", "{by} transferred “{task}” to you ({process}). {comment}"},
		}, true
	}
	return processTemplates(name)
}

func processTemplates(name string) (inBoth, bool) {
	switch name {
	case EventReminder:
		return inBoth{
			wording{"登记提醒", "请登记“{event}”（{process}）。"},
			wording{"Reminder", "Please report “{event}” ({process})."},
		}, true
	case ProcessRescheduled:
		return inBoth{
			wording{"时间变更", "“{process}”的时间有变，请查看新的安排。"},
			wording{"Times changed", "The times of “{process}” have changed: please look at the new plan."},
		}, true
	case ProcessCancelled:
		return inBoth{
			wording{"流程取消", "“{process}”已取消。"},
			wording{"Cancelled", "“{process}” was cancelled."},
		}, true
	case ProposalFailed:
		return inBoth{
			wording{"变更未获通过", "“{process}”的变更未获通过，一切照旧。"},
			wording{"Change did not go through", "The change of “{process}” did not go through; everything stays as it was."},
		}, true
	case Text:
		return inBoth{wording{"{process}", "{text}"}, wording{"{process}", "{text}"}}, true
	}
	return inBoth{
		wording{"新消息", "“{process}”有新消息。"},
		wording{"News", "There is news about “{process}”."},
	}, false
}

// nameless is what a message says in place of something that has no name any more, or whose name the reader may not see.
func nameless(lang string) Facts {
	if lang == Chinese {
		return Facts{Task: "任务", Process: "流程", By: "同事"}
	}
	return Facts{Task: "a task", Process: "a process", By: "A colleague"}
}
