package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
	"steward/internal/store"
	"steward/internal/storetest"
)

// told is one command line of the directory and what it must print.
type told struct {
	args string
	want string
}

// directory runs commands of an installation that has only its schema.
func directory(t *testing.T) (url string, run func(args string) said) {
	t.Helper()
	url = storetest.NewURL(t)
	return url, func(args string) said {
		return steward(t, "", append(strings.Split(args, " "), "--database-url", url)...)
	}
}

// TestWhatIsNotGivenStays for people, groups, posts and rooms; what is so already is not written again.
func TestWhatIsNotGivenStays(t *testing.T) {
	t.Parallel()
	url, run := directory(t)
	for _, step := range []told{
		{"people put wang --name 王芳 --by awei", "wang added\n"},
		{"people put lihua --name 李华 --name-en Li --email l@example.com --department office --leader wang --roles admin,operator,staff --locale en --by awei", "lihua added\n"},
		{"people put lihua --name 李华 --by awei", "lihua is so already\n"},
		{"people put lihua --name 李花 --by awei", "lihua changed\n"},
		{"people put lihua --left --by awei", "lihua changed\n"},
		{"people put lihua --no-left --leader= --by awei", "lihua changed\n"},
		{"groups put desk --name 服务台 --name-en Desk --members lihua,wang,lihua --by awei", "desk added\n"},
		{"groups put desk --name-en Counter --by awei", "desk changed\n"},
		{"groups put desk --members wang,lihua --by awei", "desk is so already\n"},
		{"groups put empty --name 空 --by awei", "empty added\n"},
		{"posts put guard@north --name 保安 --holders wang --by awei", "guard@north added\n"},
		{"posts put guard@north --holders= --by awei", "guard@north changed\n"},
		{"rooms put hall --name 大厅 --capacity 80 --layout classroom --by awei", "hall added\n"},
		{"rooms put hall --name-en Hall --by awei", "hall changed\n"},
		{"rooms retire hall --by awei", "hall retired; 0 bookings of it not over yet: they stay\n"},
		{"rooms retire hall --by awei", "hall is so already\n"},
		{"rooms list", "there are none\n"},
		{"rooms list --all", "ID    SEATS  LAYOUT     STATE    NAME\nhall  80     classroom  retired  大厅\n"},
		{"rooms put hall --by awei", "hall changed\n"},
		{"rooms list --format json", `{"active":true,"capacity":80,"id":"hall","layout":"classroom","name":{"zh":"大厅","en":"Hall"}}` + "\n"},
		{"groups list", "ID     MEMBERS     NAME\ndesk   lihua,wang  服务台\nempty  –           空\n"},
		{"groups list --format json", `{"id":"desk","members":["lihua","wang"],"name":{"zh":"服务台","en":"Counter"}}` + "\n" + `{"id":"empty","members":[],"name":{"zh":"空"}}` + "\n"},
		{"posts list", "ID           HOLDERS  NAME\nguard@north  –        保安\n"},
		{"posts list --format json", `{"holders":[],"id":"guard@north","name":{"zh":"保安"},"site":"north"}` + "\n"},
		{"people list", "ID     ROLES                 LEADER  STATE   DEPARTMENT  NAME\n" +
			"lihua  admin,operator,staff  –       active  office      李花\n" + "wang   staff                 –       active  –           王芳\n"},
	} {
		require.Equal(t, said{out: step.want}, run(step.args), step.args)
	}
	s := run("people list --format json")
	require.Zero(t, s.code, s.err)
	require.Contains(t, s.out, `"email":"l@example.com","id":"lihua","leader":"","locale":"en","name":{"zh":"李花","en":"Li"},"roles":["admin","operator","staff"]`)

	st := storetest.Open(t, url, store.Options{})
	var changes, names int
	require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE before->>'name' = '李华' AND after->>'name' = '李花')
		FROM audit WHERE actor = 'awei' AND target ~ '^(user|group|post|room)/' AND before IS DISTINCT FROM after`).Scan(&changes, &names))
	require.Equal(t, 14, changes, "each edit once, and none for what was so already")
	require.Equal(t, 1, names)
}

// TestTokensAreListedAndRevoked: the secret is printed once, by create, and every revocation is on the record.
func TestTokensAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	url, run := directory(t)
	require.Equal(t, "there are none\n", run("token list").out)
	require.Zero(t, run("people put lihua --name 李华").code)
	require.Zero(t, run("people put wang --name 王芳").code)
	secret := strings.TrimSpace(run("token create lihua --name kiosk").out)
	require.Zero(t, run("token create wang --name desk --scopes read,write").code)

	one := run("token list lihua")
	require.Regexp(t, `^ID +PERSON +SCOPES +CREATED +EXPIRES +LAST-USED +STATE +NAME\n([-0-9a-f]{36})  lihua   read    \d{4}-\d\d-\d\dT\d\d:\d\dZ  \S+Z  –          good   kiosk\n$`, one.out)
	all := run("token list --format json")
	require.Contains(t, all.out, `"person":"wang","revokedAt":null,"scopes":["read","write"],"state":"good"`)
	require.NotContains(t, one.out+all.out, strings.TrimPrefix(secret, "stw_"))

	id := strings.Fields(one.out)[8]
	require.Equal(t, said{out: id + " revoked; a program that is running refuses it within 5 seconds\n"}, run("token revoke "+id+" --by awei"))
	require.Equal(t, said{out: id + " was revoked before\n"}, run("token revoke "+id))
	require.Equal(t, "there are none\n", run("token list lihua").out)
	require.Contains(t, run("token list lihua --all").out, "  revoked  kiosk\n")

	st := storetest.Open(t, url, store.Options{})
	var revocations int
	require.NoError(t, st.Pool().QueryRow(t.Context(), `SELECT count(*) FROM audit WHERE actor = 'awei' AND action = 'token.revoke' AND target = $1`, "token/"+id).Scan(&revocations))
	require.Equal(t, 1, revocations)
}

// TestRefusedEditsNameFlagAndRemedy and store nothing.
func TestRefusedEditsNameFlagAndRemedy(t *testing.T) { //nolint:tparallel // what they left behind is looked at after all of them
	t.Parallel()
	_, run := directory(t)
	require.Zero(t, run("people put lihua --name 李华").code)
	for args, want := range map[string]struct {
		code int
		says []string
	}{
		"people put wang":                                    {exitUsage, []string{"--name is needed to add a person"}},
		"groups put desk --members lihua":                    {exitUsage, []string{"--name is needed to add a group"}},
		"posts put guard":                                    {exitUsage, []string{"--name is needed to add a post"}},
		"rooms put hall":                                     {exitUsage, []string{"--name is needed to add a room"}},
		"people put wang --name 王 --roles king":              {exitUsage, []string{"--roles"}},
		"people put wang --name 王 --locale fr":               {exitUsage, []string{"--locale"}},
		"people put wang --name 王 --leader zhao":             {exitFailed, []string{"--leader: nobody has the id zhao", "steward people put", "nothing was stored"}},
		"people put lihua --leader lihua":                    {exitFailed, []string{"leader must be somebody else"}},
		"people put lihua --name=":                           {exitFailed, []string{"name must have 1 to 200"}},
		"people put 李华 --name 李华":                            {exitFailed, []string{"id must have 1 to 64 characters"}},
		"groups put desk --name 台 --members lihua,zhao,qian": {exitFailed, []string{"--members: nobody has the id qian, zhao", "steward people list"}},
		"groups put Desk --name 台":                           {exitFailed, []string{"group id must have"}},
		"groups put desk --name=":                            {exitFailed, []string{"name must have"}},
		"posts put guard --name 保安 --holders zhao":           {exitFailed, []string{"--holders: nobody has the id zhao"}},
		"posts put guard@ --name 保安":                         {exitFailed, []string{"must be post@site"}},
		"rooms put Hall --name 厅":                            {exitFailed, []string{"the id of a room must have"}},
		"rooms put hall --name 厅 --capacity=-1":              {exitFailed, []string{"capacity must be"}},
		"rooms retire hall":                                  {exitFailed, []string{"there is no room hall", "steward rooms list"}},
		"token create zhao --name x":                         {exitFailed, []string{"nobody has the id zhao", "steward people put"}},
		"token create lihua --name x --life 9000h":           {exitFailed, []string{"--life must be longer than 0 and at most 8784h"}},
		"token create lihua --name x --life -- -1h":          {exitUsage, []string{"--life"}},
		"token revoke stw_secret":                            {exitFailed, []string{"that is not the id of a token; `steward token list` prints them"}},
		"token revoke 3f1a9a52-3f0e-4f3a-8a0e-0d5d3f6f1c11":  {exitFailed, []string{"no token has the id 3f1a9a52", "steward token list --all"}},
		"token create lihua --name x --life=0s":              {exitFailed, []string{"--life must be longer than 0"}},
	} {
		t.Run(args, func(t *testing.T) {
			s := run(args)
			require.Equal(t, want.code, s.code, s.err)
			for _, part := range want.says {
				require.Contains(t, s.err, part)
			}
			for _, raw := range []string{"constraint", "expiresAt", "fkey", "invalid argument", "SQLSTATE"} {
				require.NotContains(t, s.err, raw)
			}
		})
	}
	list := func(what string) string { return run(what + " list --format json").out }
	require.Equal(t, 1, strings.Count(list("people"), "\n"))
	require.Empty(t, list("groups")+list("posts")+list("rooms"))
}

// TestWithoutASchemaEveryCommandSaysMigrate in one sentence.
func TestWithoutASchemaEveryCommandSaysMigrate(t *testing.T) {
	t.Parallel()
	url := storetest.NewEmptyURL(t)
	for _, args := range []string{
		"publish", "people list", "people put x --name x", "groups list", "posts list", "rooms list", "rooms retire x", "token create x --name x",
		"parameters list", "parameters set a b c", "incidents list", "incidents drop 3f1a9a52-3f0e-4f3a-8a0e-0d5d3f6f1c11", "verify",
		"recover --temporal-lost", "serve --listen 127.0.0.1:0", "worker",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			s := steward(t, "", append(strings.Split(args, " "), "--database-url", url)...)
			require.Equal(t, exitFailed, s.code, s.err)
			require.Equal(t, "steward: the database has no schema yet: run `steward migrate`\n", s.err)
		})
	}
}

const wanting = `process: wanting
name: { zh: 缺人, en: Wanting }
outcomes: [done]
input: { type: object, properties: { cart: { type: string, x-resource: cart }, room: { type: string, x-resource: room } } }
roles: { a: { group: ghosts }, b: { post: attic }, c: { user: nemo }, d: { group: admins }, e: { post: cellar, empty: skip }, f: { user: agone }, g: { group: idle }, h: { post: idle } }
steps:
  - { id: one, uses: task, assign: [a, b, c, d, e, f, g, h] }
  - { end: done }
`

// TestPublishingNamesWhatTheHouseLacks, with the command that mends it, and says no more about it afterwards.
func TestPublishingNamesWhatTheHouseLacks(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	run := func(args string) said {
		return steward(t, "", append(strings.Split(args, " "), "--database-url", h.DatabaseURL)...)
	}
	for _, args := range []string{"people put agone --name 阿共 --left", "groups put idle --name 闲 --members agone", "posts put idle --name 闲"} {
		require.Zero(t, run(args).code, args)
	}
	file := filepath.Join(t.TempDir(), "office", "wanting.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(wanting), 0o600))
	publish := func() said { return run("publish " + file + " --temporal-address " + h.Config.TemporalAddress) }
	lines := func(texts ...string) string {
		out := ""
		for _, text := range texts {
			out += "warning: " + text + "; wanted by wanting\n"
		}
		return out
	}
	const noCart = "there is no cart in use: put one into the table resources"
	require.Equal(t, said{out: "published wanting\n" + lines(
		noCart,
		"there is no group ghosts: steward groups put ghosts --name … --members …",
		"nobody active is in the group idle: steward groups put idle --members …",
		"there is no post attic: steward posts put attic --name … --holders …",
		"nobody active holds the post idle: steward posts put idle --holders …",
		"agone has left: steward people put agone --no-left, or name somebody else in the definition",
		"nobody has the id nemo: steward people put nemo --name …",
	)}, publish())
	for _, args := range []string{
		"people put nemo --name 尼莫", "people put agone --no-left", "groups put ghosts --name 鬼 --members nemo", "posts put attic --name 阁楼 --holders nemo", "posts put idle --holders nemo",
	} {
		require.Zero(t, run(args).code, args)
	}
	require.Equal(t, said{out: "unchanged wanting\n" + lines(noCart)}, publish())

	s := steward(t, "", "definitions", "needs", file)
	require.Zero(t, s.code, s.err)
	require.Contains(t, s.out, "post   cellar  no      wanting\n")
	s = steward(t, "", "definitions", "needs", "--format", "json", file)
	require.Contains(t, s.out, `{"by":["wanting"],"id":"","kind":"room","optional":false}`)
}

// TestOperationsListsWhatTheShippedProcessesNeed as the program prints it.
func TestOperationsListsWhatTheShippedProcessesNeed(t *testing.T) {
	t.Parallel()
	s := steward(t, "", "definitions", "needs")
	require.Zero(t, s.code, s.err)
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	require.Contains(t, string(page), "```text\n"+s.out+"```\n", "put what `steward definitions needs` prints into docs/operations.md")
}

// TestDefinitionsThatDoNotCompileHaveNoNeeds: the lint is named instead.
func TestDefinitionsThatDoNotCompileHaveNoNeeds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), uuid.NewString()+".yaml")
	require.NoError(t, os.WriteFile(file, []byte("process: broken\n"), 0o600))
	s := steward(t, "", "definitions", "needs", file)
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "steward lint")
}
