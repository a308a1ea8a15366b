package api

import (
	"strconv"
	"strings"
	"time"

	"steward/definitions"
)

// This file has the words for what definitions name by ids only: outcomes and deadlines. The page has the same outcomes in
// web/start/messages.js; a test compares them.

// outcomeWord is what an outcome is called. One that is not usual is shown by its id, made readable.
func outcomeWord(outcome string) Text {
	if word, ok := usualOutcomes()[outcome]; ok {
		return word
	}
	plain := strings.ReplaceAll(outcome, "_", " ")
	return Text{Zh: plain, En: plain}
}

func usualOutcomes() map[string]Text {
	return map[string]Text{
		"done": {"完成", "Done"}, "approved": {"同意", "Approve"}, "rejected": {"驳回", "Reject"}, "returned": {"退回", "Return"},
		"given_up": {"放弃", "Give up"}, "given_back": {"已归还", "Given back"}, "lost": {"遗失", "Lost"}, "expired": {"已过期", "Expired"}, "held": {"已举行", "Held"}, "cancelled": {"已取消", "Cancelled"},
		"conflict": {"时间冲突", "Conflict"}, "failed": {"失败", "Failed"}, "resolved": {"已解决", "Resolved"}, "closed": {"已关闭", "Closed"},
		"answered": {"已答复", "Answered"}, "passed": {"通过", "Passed"}, "accepted": {"接受", "Accept"}, "withdrawn": {"已撤回", "Withdrawn"},
		"timeout": {"超时", "Timed out"}, "skipped": {"已跳过", "Skipped"}, "clear": {"清楚", "Clear"}, "unclear": {"不清楚", "Unclear"},
		"confirmed": {"确认修好", "Confirmed"}, "still_broken": {"仍有故障", "Still broken"}, "impossible": {"无法完成", "Impossible"},
		"in_house": {"本单位解决", "Solved in house"}, "own_bank": {"本行解决", "Solved by the own bank"},
		"superior_bank": {"上级行解决", "Solved by the superior bank"}, "not_solved": {"未解决", "Not solved"}, "solved": {"已解决", "Solved"},
		"faults": {"有问题", "Faults found"}, "incomplete": {"不完整", "Incomplete"}, "repair": {"需要维修", "Repair"},
		"nothing_to_do": {"无需处理", "Nothing to do"}, "repaired": {"已修复", "Repaired"}, "no_repair": {"不修", "No repair"},
		"disposed": {"已处置", "Disposed of"}, "unclaimed": {"无人认领", "Unclaimed"}, "settled": {"已了结", "Settled"},
		"not_settled": {"未了结", "Not settled"}, "not_reached": {"联系不上", "Not reached"}, "fits": {"座位足够", "Enough seats"},
		"too_small": {"座位不足", "Too few seats"}, "refused": {"不可以", "Not possible"}, "kept_too_long": {"保管期满", "Kept too long"},
		"no_match": {"没有匹配", "No match"}, "exists": {"已有记录", "Already there"}, "started": {"已启动", "Started"},
		"elapsed": {"时间到", "Time is up"}, "received": {"已收到", "Received"}, "until": {"到点结束", "Its time was over"},
	}
}

// deadlineWord is what a deadline is for; events are those of the process, for the deadlines that wait for one.
func deadlineWord(key string, events []*definitions.Event) Text {
	kind, rest, _ := strings.Cut(key, "/")
	switch kind {
	case "due":
		return Text{"到期", "due"}
	case "remind":
		return Text{"提醒", "reminder"}
	case "escalate":
		rung, _ := strconv.Atoi(rest)
		return say("第%d级升级", "escalation, level %d", rung+1)
	case "until":
		return Text{"到点结束", "its time is over"}
	case "repeat":
		return Text{"下一次", "the next time"}
	case "wait":
		return Text{"等待期满", "the wait is over"}
	case "not_before":
		return Text{"可以开始", "it may begin"}
	case "event":
		return eventDeadlineWord(rest, events)
	}
	return Text{"时限", "a time limit"}
}

// eventDeadlineWord reads what stands behind event/, such as meeting_ended/remind/0 or meeting_ended/default.
func eventDeadlineWord(key string, events []*definitions.Event) Text {
	name, kind, _ := strings.Cut(key, "/")
	title := eventNamed(events, name)
	if kind == "default" {
		return say("无人登记“%s”", "nobody told “%s”", title)
	}
	return say("提醒登记“%s”", "reminder to tell “%s”", title)
}

func eventNamed(events []*definitions.Event, name string) Text {
	for _, e := range events {
		if e.Name == name {
			return eventTitle(e)
		}
	}
	plain := strings.ReplaceAll(name, "_", " ")
	return Text{Zh: plain, En: plain}
}

// clock writes a moment for a sentence as people of the house read it.
func clock(at time.Time, zone *time.Location) Text {
	local := at.In(zone)
	return Text{Zh: local.Format("2006年1月2日 15:04"), En: local.Format("Jan 2, 2006, 15:04")}
}
