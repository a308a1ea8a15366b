package devmode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"steward/internal/advance"
	"steward/internal/calendar"
	"steward/internal/people"
	"steward/internal/store"
	"steward/web"
	"steward/workflows/engine"
)

// People of the demo house that samples and the printed lines act for.
const (
	applicant = "ashan" // a department that needs rooms
	decider   = "afang" // leads the meeting office, which decides on rooms
	colleague = "aming" // of the meeting office
	agent     = "axia"  // of the complaint desk
)

// house is the working calendar of the demo house.
const house = "cn"

// fill puts in what a newcomer should find: people, definitions, samples. A second run adds nothing that is there.
func (s *stack) fill(ctx context.Context) error {
	if err := s.app.People.SeedDemo(ctx); err != nil {
		return err
	}
	if _, err := s.app.PublishLibrary(ctx); err != nil {
		return fmt.Errorf("publish the shipped definitions: %w", err)
	}
	if s.opts.NoSamples {
		return nil
	}
	f, err := s.filler()
	if err != nil {
		return err
	}
	for _, sample := range []func(context.Context) error{f.meeting, f.complaint, f.booking} {
		if err := sample(ctx); err != nil {
			return fmt.Errorf("start a sample process: %w", err)
		}
	}
	return nil
}

// filler starts the sample processes.
type filler struct {
	*stack
	workdays *calendar.Calendar
	now      time.Time
}

func (s *stack) filler() (filler, error) {
	workdays, err := calendar.Bundled(house)
	if err != nil {
		return filler{}, fmt.Errorf("calendar of the demo house: %w", err)
	}
	return filler{stack: s, workdays: workdays, now: time.Now().In(workdays.Location())}, nil
}

// lead is how long before a meeting, in working time, its first work is due; see meeting_service.yaml.
const lead = 4 * time.Hour

// nextMeeting is the first usual hour of a working day whose work is not due yet: on a Sunday, a meeting in three hours would have
// been prepared on Friday.
func (f filler) nextMeeting() time.Time {
	for ahead := range 60 {
		for _, hour := range []int{10, 14, 16} {
			start := f.day(ahead).Add(time.Duration(hour) * time.Hour)
			worked, _ := f.workdays.IsWorkingTime(start)
			if due, _, _ := f.workdays.AddWorkingTime(start, -lead); worked && due.After(f.now.Add(lead/8)) {
				return start
			}
		}
	}
	return f.now.Add(24 * time.Hour) // no calendar has sixty days off
}

// meeting is one that is being prepared: asked for, approved, and due in a few working hours.
func (f filler) meeting(ctx context.Context) error {
	from := f.nextMeeting()
	room, err := f.freeRoom(ctx, from, from.Add(time.Hour))
	if err != nil || room == "" {
		return err
	}
	process, fresh, err := f.begin(ctx, "sample/meeting", "meeting_service", applicant, map[string]any{
		"title": "季度客户座谈会", "room": room, "start": stamp(from), "end": stamp(from.Add(time.Hour)),
		"headcount": 20, "department": "营销部", "organiser": "阿珊", "projector": true, "microphone": true, "coffee": true,
	})
	if err != nil || !fresh {
		return err
	}
	return f.approve(ctx, process)
}

// approve has the meeting office agree to a sample.
func (f filler) approve(ctx context.Context, process uuid.UUID) error {
	tasks, err := f.app.Store.ProcessTasks(ctx, process, 10)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if t.Kind != "approval" || t.Status != "open" {
			continue
		}
		_, err := f.app.Service.Submit(ctx, advance.Command{
			Process: process, Type: engine.EventComplete, Actor: colleague, Key: "sample/approve/" + t.ID.String(),
			Payload: engine.TaskData{Task: t.ID.String(), Outcome: "approved"},
		})
		return tolerate(err)
	}
	return nil
}

// complaint is one that the desk listens to.
func (f filler) complaint(ctx context.Context) error {
	_, _, err := f.begin(ctx, "sample/complaint", "complaint", agent, map[string]any{
		"customer": "王女士", "phone": "021-55550134", "subject": "自助终端吞卡", "text": "终端吞卡后等待四十分钟无人处理。", "channel": "phone",
	})
	return err
}

// booking is one that waits for the decider, so that there is always something to decide.
func (f filler) booking(ctx context.Context) error {
	for n := 1; n <= 100; n++ {
		waiting, err := f.waiting(ctx)
		if err != nil || waiting != uuid.Nil {
			return err
		}
		from := f.workday(2).Add(10 * time.Hour)
		room, err := f.freeRoom(ctx, from, from.Add(2*time.Hour))
		if err != nil || room == "" {
			return err
		}
		if _, _, err := f.begin(ctx, fmt.Sprintf("sample/booking/%d", n), "room_booking", applicant, map[string]any{
			"title": "新产品培训", "room": room, "start": stamp(from), "end": stamp(from.Add(2 * time.Hour)), "headcount": 12,
			"department": "营销部", "purpose": "新产品培训",
		}); err != nil {
			return err
		}
	}
	return nil
}

// waiting answers an open approval that the decider may decide, uuid.Nil when there is none.
func (s *stack) waiting(ctx context.Context) (uuid.UUID, error) {
	principals, err := s.app.People.Directory().Principals(ctx, decider)
	if err != nil {
		return uuid.Nil, err
	}
	viewer := store.Viewer{UserID: decider, Principals: principals}
	page, err := s.app.Store.Tasks(ctx, viewer, store.TasksInbox, store.TaskFilter{DefinitionID: "room_booking", Kind: "approval"}, store.Page{})
	if err != nil {
		return uuid.Nil, err
	}
	for _, t := range page.Items {
		if t.Step == "approve" && t.Starter != decider {
			return t.ID, nil
		}
	}
	return uuid.Nil, nil
}

// begin starts a process once for each key and reports whether it is new.
func (f filler) begin(ctx context.Context, key, definition, starter string, input map[string]any) (process uuid.UUID, fresh bool, err error) {
	result, err := f.app.Service.Start(ctx, advance.Start{Definition: definition, Input: input, Actor: starter, Key: key})
	if errors.Is(err, advance.ErrKeyReused) { // times relative to now make every run's request another one
		return result.Process, false, nil
	}
	if err := tolerate(err); err != nil {
		return result.Process, false, err
	}
	if r := result.Receipt; r.Status == "refused" {
		f.voice.sayf("The sample %s was refused: %s", definition, r.Message.En)
		return result.Process, false, nil
	}
	return result.Process, !result.Replay, nil
}

// tolerate accepts a command that is stored but not decided yet: it will be.
func tolerate(err error) error {
	if errors.Is(err, advance.ErrNotDecidedYet) {
		return nil
	}
	return err
}

// day answers the midnight, in the house, so many days from today.
func (f filler) day(ahead int) time.Time {
	y, m, d := f.now.Date()
	return time.Date(y, m, d+ahead, 0, 0, 0, 0, f.now.Location())
}

// workday answers the midnight, in the house, with which the n-th working day from now begins.
func (f filler) workday(n int) time.Time {
	then, _, _ := f.workdays.AddWorkingDays(f.day(0), n)
	return then.In(f.now.Location())
}

// freeRoom finds an ordinary room that nobody has then; "" when all are taken.
func (f filler) freeRoom(ctx context.Context, from, to time.Time) (string, error) {
	schedules, err := f.app.Store.Schedules(ctx, store.Viewer{All: true, UserID: decider}, "room", store.Span{From: from, To: to})
	if err != nil {
		return "", err
	}
	for _, s := range schedules {
		if len(s.Bookings) == 0 && s.Resource.Capacity == 0 {
			return s.Resource.ID, nil
		}
	}
	return "", nil
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// account is a demo person worth signing in as.
type account struct{ id, name, nameEn, good, goodZh string }

func accounts() []account {
	return []account{
		{applicant, "阿珊", "A Shan", "sales: applies for rooms, starts meetings", "营销部：申请会议室、发起会议"},
		{decider, "阿芳", "A Fang", "meeting office: decides on rooms", "会议办公室：审批会议室"},
		{colleague, "阿明", "A Ming", "office specialist: issues task orders", "办公室专员：下达会议任务交办单"},
		{"aqiang", "阿强", "A Qiang", "meeting supervisor: prepares meetings with the attendants", "会场督导：带领服务员准备会议"},
		{"ahua", "阿华", "A Hua", "attendant: tables, tea, clearing up", "会场服务员：摆台、茶水、清场"},
		{"amei", "阿梅", "A Mei", "attendant, as A Hua", "会场服务员，同阿华"},
		{"ajuan", "阿娟", "A Juan", "attendant, as A Hua", "会场服务员，同阿华"},
		{"ajun", "阿军", "A Jun", "audio-visual engineer, repairs what is damaged", "音响工程师：调试设备、修理损坏物品"},
		{agent, "阿霞", "A Xia", "complaint desk: takes complaints", "投诉受理台：受理投诉"},
		{"aping", "阿平", "A Ping", "seat administrator: reviews and analyses complaints", "坐席管理员：审核和分析投诉"},
		{"ahai", "阿海", "A Hai", "information administrator: decides who handles a complaint", "信息管理员：决定投诉由谁处理"},
		{"awei", "阿伟", "A Wei", "leads information: signs replies; operator", "信息部经理：签字；运维"},
		{"aguo", "阿国", "A Guo", "administrator: sees everything", "管理员：查看全部"},
	}
}

// demoPeople are the accounts as the sign-in page offers them.
func demoPeople() []web.DemoPerson {
	list := make([]web.DemoPerson, 0, len(accounts()))
	for _, a := range accounts() {
		list = append(list, web.DemoPerson{
			ID: a.id, Name: web.Text{Zh: a.name, En: a.nameEn}, Note: web.Text{Zh: a.goodZh, En: a.good}, Password: people.DemoPassword,
		})
	}
	return list
}
