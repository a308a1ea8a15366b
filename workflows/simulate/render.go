package simulate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"steward/definitions"
)

// Render writes a timeline for people, in aligned columns, in lang ("zh" or "en"). Times are on the clock of the process's
// calendar.
func (t Timeline) Render(w io.Writer, lang string) error {
	p := page{lang: lang, children: t.Summary.Children > 0}
	for _, l := range t.Lines {
		p.rows = append(p.rows, p.row(l))
	}
	p.write(w)
	p.summary(w, t.Summary)
	return p.err
}

// Plain renders one line of the timeline without alignment, in lang ("zh" or "en").
func (l Line) Plain(lang string) string {
	p := page{lang: lang, children: true}
	return strings.Join(slices.DeleteFunc(p.row(l), func(s string) bool { return s == "" }), " ")
}

// page is a timeline being written.
type page struct {
	lang     string
	children bool
	rows     [][]string
	err      error
}

// say writes a line in the page's language.
func (p *page) say(w io.Writer, zh, en string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(w, textf(zh, en, args...).In(p.lang)+"\n")
	}
}

func (p *page) row(l Line) []string {
	row := []string{p.day(l.At), clockOf(l.At)}
	if p.children {
		row = append(row, l.Process)
	}
	return append(row, first(l.Step, l.Name), kindText(l.Kind).In(p.lang), strings.Join(l.Who, ", "), p.remarks(l))
}

func clockOf(at time.Time) string {
	if at.Second() == 0 {
		return at.Format("15:04")
	}
	return at.Format("15:04:05")
}

func (p *page) day(at time.Time) string {
	if p.lang == "zh" {
		return at.Format("2006-01-02 ") + []string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[at.Weekday()]
	}
	return at.Format("2006-01-02 Mon")
}

func (p *page) moment(at time.Time) string { return p.day(at) + " " + clockOf(at) }

// remarks says the rest of a line: outcome, text, due date and how it came about.
func (p *page) remarks(l Line) string {
	var parts []string
	if l.Outcome != "" {
		parts = append(parts, l.Outcome)
	}
	if text := l.Text.In(p.lang); text != "" && text != l.Step {
		parts = append(parts, text)
	}
	if l.Step != "" && l.Kind == Message {
		parts = append(parts, l.Name)
	}
	if l.Due != nil {
		due := word(p.lang, "期限 ", "due ") + p.moment(*l.Due)
		if why := l.Why.In(p.lang); why != "" {
			due += word(p.lang, "（", " (") + why + word(p.lang, "）", ")")
		}
		parts = append(parts, due)
	}
	return strings.Join(parts, word(p.lang, "；", "; "))
}

func word(lang, zh, en string) string { return definitions.Text{Zh: zh, En: en}.In(lang) }

// write prints the rows, every column but the last as wide as its widest cell.
func (p *page) write(w io.Writer) {
	var widths []int
	for _, row := range p.rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, row := range p.rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(widths) {
				b.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
			}
		}
		p.say(w, "%s", "%s", strings.TrimRight(b.String(), " "))
	}
}

// width counts the columns of a terminal that a text takes: Chinese characters take two.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
			r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE6F || r >= 0xFF00 && r <= 0xFF60 {
			n++
		}
	}
	return n
}

func (p *page) summary(w io.Writer, s Summary) {
	p.say(w, "", "")
	switch {
	case s.Ended != nil:
		p.say(w, "结束：%s，%s，历时 %s", "Ended: %s, %s, after %s", s.Outcome, p.moment(*s.Ended), s.Lead)
	case s.Status == "":
		p.say(w, "未能启动", "It could not be started")
	default:
		p.say(w, "没有结束", "It has not ended")
	}
	if stopped := s.Stopped.In(p.lang); stopped != "" {
		p.say(w, "%s", "%s", stopped)
	}
	p.done(w, s.Done)
	for _, o := range s.Open {
		p.say(w, "未完成：%s %s %s：%s", "Open: %s %s %s: %s", o.Process, o.Step, strings.Join(o.Who, ", "), o.Why.In(p.lang))
	}
	for _, f := range s.Faults {
		p.say(w, "故障：%s %s %s：%s", "Fault: %s %s %s: %s", f.Process, f.Event, f.Code, firstLine(f.Message))
	}
}

func (p *page) done(w io.Writer, done map[string]int) {
	if len(done) == 0 {
		return
	}
	var list []string
	for _, who := range slices.Sorted(maps.Keys(done)) {
		list = append(list, fmt.Sprintf("%s %d", who, done[who]))
	}
	p.say(w, "完成任务：%s", "Tasks done: %s", strings.Join(list, ", "))
}

// kindText names the kinds of lines.
func kindText(k Kind) definitions.Text {
	zh := map[Kind]string{
		Started: "启动", Opened: "打开", Waiting: "等待", Assigned: "指派", Moved: "改期", Reminded: "提醒", Escalated: "升级", Overdue: "逾期",
		Completed: "完成", Closed: "关闭", Skipped: "跳过", Booked: "预订", Released: "释放", Recorded: "登记", Message: "消息", Told: "事件",
		Proposed: "提议", Accepted: "采纳", Dropped: "放弃", ChildKind: "子流程", Ending: "收尾", Ended: "结束", Refused: "拒绝", FaultKind: "故障",
	}
	return definitions.Text{Zh: zh[k], En: string(k)}
}
