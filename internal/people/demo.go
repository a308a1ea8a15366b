package people

import (
	"context"
	"fmt"

	"steward/internal/store"
)

// DemoPassword is that of every demo account. SeedDemo is the only place that uses it.
const DemoPassword = "steward-demo"

// SeedDemo fills an installation with the people and rooms of an invented house: an office building with a meeting service, a
// small hotel and a complaint desk. Call it only when the operator asked for demo data, because everybody knows the password. It
// may run again: people who have a password keep it.
func (s *Service) SeedDemo(ctx context.Context) error {
	for _, p := range demoPeople() {
		if _, err := s.PutUser(ctx, p); err != nil {
			return fmt.Errorf("seed demo people: %w", err)
		}
	}
	for _, g := range demoGroups() {
		if err := s.PutGroup(ctx, g); err != nil {
			return fmt.Errorf("seed demo group %s: %w", g.ID, err)
		}
	}
	for _, p := range demoPosts() {
		if err := s.PutPost(ctx, p); err != nil {
			return fmt.Errorf("seed demo post %s: %w", p.ID, err)
		}
	}
	for _, r := range demoRooms() {
		if _, err := s.store.PutResource(ctx, r); err != nil {
			return fmt.Errorf("seed demo rooms: %w", err)
		}
	}
	return s.seedPasswords(ctx)
}

// seedPasswords gives all accounts that have no password one and the same hash: twenty hashes would take a second of every first
// start, and this password is no secret.
func (s *Service) seedPasswords(ctx context.Context) error {
	var hash string
	if err := s.whileHashing(ctx, func() { hash = s.opts.Argon2.hash(DemoPassword) }); err != nil {
		return err
	}
	var ids []string
	for _, p := range demoPeople() {
		ids = append(ids, p.ID)
	}
	_, err := s.store.Pool().Exec(ctx, "UPDATE users SET password_hash = $1 WHERE password_hash = '' AND id = ANY ($2)", hash, ids)
	if err != nil {
		return fmt.Errorf("seed demo passwords: %w", store.Classify(err))
	}
	return nil
}

// demoPeople lists leaders before those they lead.
func demoPeople() []Person {
	return []Person{
		demoPerson("aguo", "阿国", "A Guo", "executive", "", RoleAdmin, RoleStaff),
		demoPerson("afang", "阿芳", "A Fang", "office", "aguo", RoleStaff),
		demoPerson("aming", "阿明", "A Ming", "office", "afang", RoleStaff),
		demoPerson("ali", "阿丽", "A Li", "office", "afang", RoleStaff),
		demoPerson("aqiang", "阿强", "A Qiang", "meeting-service", "afang", RoleStaff),
		demoPerson("ahua", "阿华", "A Hua", "meeting-service", "aqiang", RoleStaff),
		demoPerson("amei", "阿梅", "A Mei", "meeting-service", "aqiang", RoleStaff),
		demoPerson("ajuan", "阿娟", "A Juan", "meeting-service", "aqiang", RoleStaff),
		demoPerson("agang", "阿刚", "A Gang", "engineering", "aguo", RoleStaff),
		demoPerson("ajun", "阿军", "A Jun", "engineering", "agang", RoleStaff),
		demoPerson("atao", "阿涛", "A Tao", "engineering", "agang", RoleStaff),
		demoPerson("aping", "阿平", "A Ping", "customer-service", "aguo", RoleStaff),
		demoPerson("ayan", "阿燕", "A Yan", "customer-service", "aping", RoleStaff),
		demoPerson("axia", "阿霞", "A Xia", "customer-service", "aping", RoleStaff),
		demoPerson("abo", "阿波", "A Bo", "finance", "aguo", RoleStaff),
		demoPerson("ajing", "阿静", "A Jing", "finance", "abo", RoleStaff),
		demoPerson("alin", "阿林", "A Lin", "sales", "aguo", RoleStaff),
		demoPerson("ashan", "阿珊", "A Shan", "sales", "alin", RoleStaff),
		demoPerson("awei", "阿伟", "A Wei", "information", "aguo", RoleOperator, RoleStaff),
		demoPerson("ahai", "阿海", "A Hai", "information", "awei", RoleStaff),
	}
}

func demoPerson(id, name, nameEn, department, leader string, roles ...string) Person {
	return Person{
		ID: id, Name: name, NameEn: nameEn, Email: id + "@example.com", Department: department, LeaderID: leader,
		Active: true, Roles: roles, Locale: "zh",
	}
}

func demoGroups() []Group {
	return []Group{
		{ID: "admins", Name: text("管理员", "Administrators"), Members: []string{"aguo", "awei"}},
		{ID: "meeting-office", Name: text("会议办公室", "Meeting office"), Members: []string{"afang", "aming", "ali"}},
		{ID: "attendants", Name: text("会场服务员", "Attendants"), Members: []string{"ahua", "amei", "ajuan"}},
		{ID: "technicians", Name: text("维修人员", "Technicians"), Members: []string{"ajun", "atao"}},
		{ID: "complaint-desk", Name: text("投诉受理台", "Complaint desk"), Members: []string{"aping", "ayan", "axia"}},
		{ID: "visitors", Name: text("回访员", "Return-visit callers"), Members: []string{"ayan", "axia"}},
		{ID: "cash-desks", Name: text("收银台", "Cash desks"), Members: []string{"ajing"}},
		{ID: "finance", Name: text("财务部", "Finance"), Members: []string{"abo", "ajing"}},
		{ID: "sales", Name: text("营销部", "Sales"), Members: []string{"alin", "ashan"}},
	}
}

func demoPosts() []Post {
	return []Post{
		{ID: "av-engineer", Name: text("音响工程师", "Audio-visual engineer"), Holders: []string{"ajun"}},
		{ID: "seat-administrator", Name: text("坐席管理员", "Seat administrator"), Holders: []string{"aping"}},
		{ID: "information-administrator", Name: text("信息管理员", "Information administrator"), Holders: []string{"ahai"}},
		{ID: "duty-manager", Name: text("值班经理", "Duty manager"), Holders: []string{"aqiang"}},
		{ID: "office-specialist", Name: text("办公室专员", "Office specialist"), Holders: []string{"aming"}},
		{ID: "meeting-supervisor", Name: text("会场督导", "Meeting supervisor"), Holders: []string{"aqiang"}},
		{ID: "credit-manager", Name: text("信用经理", "Credit manager"), Holders: []string{"abo"}},
	}
}

// demoRooms are those of the catalogue's room-booking process: there is no room 4, as is the custom, and capacities that the
// catalogue does not state stay unstated.
func demoRooms() []store.Resource {
	return []store.Resource{
		demoRoom("multi-function-hall", "多功能厅", "Multi-function hall", 280, "classroom"),
		demoRoom("multimedia-hall", "多媒体厅", "Multimedia hall", 80, "classroom"),
		demoRoom("vip-reception", "贵宾接待室", "VIP reception", 0, "reception"),
		demoRoom("floor-13-large", "十三楼大会议室", "Large conference room, floor 13", 0, ""),
		demoRoom("floor-13-chinese", "十三楼中式会议室", "Chinese-style room, floor 13", 0, ""),
		demoRoom("floor-13-western", "十三楼西式会议室", "Western-style room, floor 13", 0, ""),
		demoRoom("room-1", "一号会议室", "Meeting room 1", 0, ""),
		demoRoom("room-2", "二号会议室", "Meeting room 2", 0, ""),
		demoRoom("room-3", "三号会议室", "Meeting room 3", 0, ""),
		demoRoom("room-5", "五号会议室", "Meeting room 5", 0, ""),
		demoRoom("room-6", "六号会议室", "Meeting room 6", 0, ""),
	}
}

func demoRoom(id, zh, en string, capacity int32, layout string) store.Resource {
	return store.Resource{ID: id, Kind: "room", Name: text(zh, en), Capacity: capacity, Layout: layout, Active: true}
}

func text(zh, en string) store.Text { return store.Text{Zh: zh, En: en} }
