package people_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/people"
	"steward/internal/store"
	"steward/internal/storetest"
)

// quick makes hashing cheap: what is tested is the rule, not the cost.
var quick = people.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1}

// house opens a service on the demo house. change, which may be nil, has its say on the options.
func house(t *testing.T, change func(*people.Options)) (*people.Service, *store.Store) {
	t.Helper()
	s := storetest.New(t)
	service := serviceOn(t, s, change)
	require.NoError(t, service.SeedDemo(t.Context()))
	return service, s
}

func serviceOn(t *testing.T, s *store.Store, change func(*people.Options)) *people.Service {
	t.Helper()
	opts := people.Options{Argon2: quick}
	if change != nil {
		change(&opts)
	}
	service, err := people.NewService(s, opts)
	require.NoError(t, err)
	return service
}

func credentials(user, password string) people.Credentials {
	return people.Credentials{UserID: user, Password: password, IP: "192.0.2.1", UserAgent: "test"}
}

func signIn(t *testing.T, service *people.Service, user string) people.Session {
	t.Helper()
	session, err := service.SignIn(t.Context(), credentials(user, people.DemoPassword))
	require.NoError(t, err)
	return session
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	service, s := house(t, nil)
	d := service.Directory()
	ctx := t.Context()

	members, err := d.Members(ctx, "meeting-office")
	require.NoError(t, err)
	require.Equal(t, []string{"afang", "ali", "aming"}, members)
	_, err = d.Members(ctx, "nobody")
	require.ErrorIs(t, err, store.ErrNotFound)
	holders, err := d.Holders(ctx, "av-engineer")
	require.NoError(t, err)
	require.Equal(t, []string{"ajun"}, holders)
	_, err = d.Holders(ctx, "pilot")
	require.ErrorIs(t, err, store.ErrNotFound)
	department, err := d.Department(ctx, "engineering")
	require.NoError(t, err)
	require.Equal(t, []string{"agang", "ajun", "atao"}, department)

	principals, err := d.Principals(ctx, "ayan")
	require.NoError(t, err)
	slices.Sort(principals)
	require.Equal(t, []string{"group:complaint-desk", "group:visitors", "user:ayan"}, principals)
	principals, err = d.Principals(ctx, "ajun")
	require.NoError(t, err)
	slices.Sort(principals)
	require.Equal(t, []string{"group:technicians", "post:av-engineer", "user:ajun"}, principals)

	process := storetest.Process(t, s.Pool(), nil)
	for range 3 {
		storetest.Task(t, s.Pool(), process, func(task *store.Task) { task.Assignee = new("ahua") })
	}
	load, err := d.Load(ctx, []string{"ahua", "amei", "unknown"})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"ahua": 3, "amei": 0, "unknown": 0}, load)

	names, err := d.Names(ctx, []string{"ahua", "unknown"})
	require.NoError(t, err)
	require.Equal(t, map[string]store.Text{"ahua": {Zh: "阿华", En: "A Hua"}}, names)
	user, err := d.User(ctx, "ahua")
	require.NoError(t, err)
	require.Equal(t, "aqiang", user.LeaderID)
	_, err = d.User(ctx, "unknown")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestLeaders(t *testing.T) {
	t.Parallel()
	service, _ := house(t, nil)
	d := service.Directory()
	for _, c := range []struct {
		user  string
		level int
		want  string
	}{
		{"ahua", 1, "aqiang"},
		{"ahua", 2, "afang"},
		{"ahua", 3, "aguo"},
		{"ahua", 4, ""},
		{"aguo", 1, ""},
	} {
		leader, err := d.Leader(t.Context(), c.user, c.level)
		require.NoError(t, err)
		require.Equal(t, c.want, leader, "%s level %d", c.user, c.level)
	}
	for _, level := range []int{-1, 0, people.MaxLeaderLevel + 1} {
		_, err := d.Leader(t.Context(), "ahua", level)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	_, err := d.Leader(t.Context(), "unknown", 1)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestALeaderWhoLeftIsPassedOver(t *testing.T) {
	t.Parallel()
	service, _ := house(t, nil)
	leave(t, service, "aqiang")
	leader, err := service.Directory().Leader(t.Context(), "ahua", 1)
	require.NoError(t, err)
	require.Equal(t, "afang", leader)
	members, err := service.Directory().Holders(t.Context(), "duty-manager")
	require.NoError(t, err)
	require.Empty(t, members, "a post whose holder left is vacant")
	principals, err := service.Directory().Principals(t.Context(), "aqiang")
	require.NoError(t, err)
	require.Empty(t, principals)
}

func TestLeadersInACircleEnd(t *testing.T) {
	t.Parallel()
	service, s := house(t, nil)
	_, err := s.Pool().Exec(t.Context(), "UPDATE users SET leader_id = 'ahua' WHERE id = 'afang'")
	require.NoError(t, err)
	leader, err := service.Directory().Leader(t.Context(), "ahua", 5)
	require.NoError(t, err)
	require.Empty(t, leader)
}

func leave(t *testing.T, service *people.Service, id string) {
	t.Helper()
	p, err := service.Directory().User(t.Context(), id)
	require.NoError(t, err)
	p.Active = false
	_, err = service.PutUser(t.Context(), p)
	require.NoError(t, err)
}

func TestAccountsNameFieldAndRemedy(t *testing.T) {
	t.Parallel()
	service, _ := house(t, nil)
	ctx := t.Context()
	good := people.Person{ID: "anew", Name: "阿新", Active: true}
	for want, change := range map[string]func(*people.Person){
		"id must have":                 func(p *people.Person) { p.ID = "A New" },
		"name must have":               func(p *people.Person) { p.Name = "" },
		"roles must be":                func(p *people.Person) { p.Roles = []string{"king"} },
		"locale must be":               func(p *people.Person) { p.Locale = "fr" },
		"leader must be an existing":   func(p *people.Person) { p.LeaderID = "unknown" },
		"leader must be somebody else": func(p *people.Person) { p.LeaderID = "anew" },
		"cannot be stored, remove NUL": func(p *people.Person) { p.Email = "a\x00b" },
	} {
		p := good
		change(&p)
		_, err := service.PutUser(ctx, p)
		require.ErrorIs(t, err, store.ErrInvalid, want)
		require.ErrorContains(t, err, want)
	}
	stored, err := service.PutUser(ctx, good)
	require.NoError(t, err)
	require.Equal(t, []string{people.RoleStaff}, stored.Roles)
	require.Equal(t, "zh", stored.Locale)
	require.False(t, stored.SeesAll())

	require.ErrorIs(t, service.PutGroup(ctx, people.Group{ID: "no spaces"}), store.ErrInvalid)
	require.ErrorContains(t, service.PutGroup(ctx, people.Group{ID: "g", Members: []string{"unknown"}}), "must be existing users")
	for _, p := range []people.Post{{ID: "desk@north"}, {ID: "desk", Site: "north"}, {ID: "desk@", Site: ""}, {ID: "De sk"}} {
		require.ErrorIs(t, service.PutPost(ctx, p), store.ErrInvalid, p.ID)
	}
	require.NoError(t, service.PutPost(ctx, people.Post{ID: "desk@north", Site: "north", Holders: []string{"anew"}}))
	require.NoError(t, service.PutPost(ctx, people.Post{ID: "desk@north", Site: "north", Holders: []string{"ahua"}}))
	holders, err := service.Directory().Holders(ctx, "desk@north")
	require.NoError(t, err)
	require.Equal(t, []string{"ahua"}, holders, "exactly these")

	require.NoError(t, service.SetLocale(ctx, "anew", "en"))
	require.ErrorIs(t, service.SetLocale(ctx, "anew", "fr"), store.ErrInvalid)
	require.ErrorIs(t, service.SetLocale(ctx, "unknown", "en"), store.ErrNotFound)
}

func TestListsOfTheHouse(t *testing.T) {
	t.Parallel()
	service, s := house(t, nil)
	require.NoError(t, service.SeedDemo(t.Context()), "seeding again changes nothing")
	everybody, err := service.People(t.Context())
	require.NoError(t, err)
	require.Len(t, everybody, 20)
	groups, err := service.Groups(t.Context())
	require.NoError(t, err)
	require.Equal(t, people.Group{ID: "admins", Name: store.Text{Zh: "管理员", En: "Administrators"}, Members: []string{"aguo", "awei"}}, groups[0])
	posts, err := service.Posts(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"ajun"}, posts[0].Holders)
	rooms, err := s.Resources(t.Context(), "room", false)
	require.NoError(t, err)
	require.Len(t, rooms, 11)
	capacity := map[string]int32{}
	for _, room := range rooms {
		capacity[room.ID] = room.Capacity
	}
	require.EqualValues(t, 280, capacity["multi-function-hall"])
	require.EqualValues(t, 80, capacity["multimedia-hall"])
	require.NotContains(t, capacity, "room-4")
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for _, opts := range []people.Options{
		{Argon2: people.Argon2{MemoryKiB: 1, Passes: 1, Lanes: 1}},
		{Argon2: quick, SessionIdle: time.Second},
		{Argon2: quick, SessionIdle: time.Hour, SessionLife: time.Minute},
		{Argon2: quick, Lockout: people.Lockout{Account: people.Allowance{Free: 1}}},
	} {
		_, err := people.NewService(s, opts)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}
