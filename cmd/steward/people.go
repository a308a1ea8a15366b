package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"steward/internal/people"
	"steward/internal/store"
)

type peopleCmd struct {
	List        peopleListCmd  `cmd:"" help:"List people."`
	Put         peoplePutCmd   `cmd:"" help:"Add a person, or change what is given of one."`
	SetPassword setPasswordCmd `cmd:"" help:"Set a password: asked for at a terminal, else read from standard input."`
}

// database opens the store of an installation whose schema is that of this program.
func (f databaseFlags) database(ctx context.Context) (*store.Store, error) {
	st, err := store.Open(ctx, f.DatabaseURL, store.Options{MaxConns: 4, ListMaxConns: 1})
	if err != nil {
		return nil, err
	}
	if err := st.SchemaCurrent(ctx); err != nil {
		st.Close()
		return nil, err
	}
	return st, nil
}

// account opens the people of an installation, closes the store after work, and words what was refused for a command line.
func (f databaseFlags) account(ctx context.Context, work func(*people.Service) error) error {
	st, err := f.database(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	service, err := people.NewService(st, people.Options{})
	if err != nil {
		return err
	}
	return refused(work(service))
}

// refused names the flag and the remedy of an input that was not acceptable.
func refused(err error) error {
	var unknown *people.UnknownPeopleError
	var life *people.TokenLifeError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("--%s: nobody has the id %s; `steward people list` shows who there is, `steward people put` adds somebody; nothing was stored",
			unknown.Field, strings.Join(unknown.IDs, ", "))
	case errors.As(err, &life):
		return fmt.Errorf("--life must be longer than 0 and at most %dh (%d days)", int(life.Longest.Hours()), int(life.Longest.Hours()/24))
	case errors.Is(err, store.ErrInvalid):
		return fmt.Errorf("%s; nothing was stored", strings.Replace(err.Error(), store.ErrInvalid.Error()+": ", "", 1))
	}
	return err
}

// byFlag says who edits the house's directory.
type byFlag struct {
	By string `env:"STEWARD_OPERATOR,USER" default:"operator" placeholder:"NAME" help:"Who changes it, for the record."`
}

func (f byFlag) actor() store.Actor { return store.Actor{UserID: f.By} }

// listFlags are those of every list of the directory.
type listFlags struct {
	databaseFlags
	Format string `enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// printed writes items as a table with these columns, or as one JSON object a line.
func printed[T any](out io.Writer, format, columns string, items []T, object func(T) map[string]any, row func(T) []any) error {
	if format == "json" {
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		for _, item := range items {
			if err := lines.Encode(object(item)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(items) == 0 {
		_, err := fmt.Fprintln(out, "there are none")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(columns, " ", "\t"))
	for _, item := range items {
		var cells []string
		for _, cell := range row(item) {
			if cell == "" {
				cell = "–"
			}
			cells = append(cells, fmt.Sprint(cell))
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// edited says what an edit came to.
func edited(out io.Writer, what string, edit store.Edit) error {
	said := string(edit)
	if edit == store.Unchanged {
		said = "is so already"
	}
	_, err := fmt.Fprintln(out, what, said)
	return err
}

type peopleListCmd struct{ listFlags }

// Run prints one line for each person.
func (c *peopleListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		all, err := service.People(ctx)
		if err != nil {
			return err
		}
		return printed(out, c.Format, "ID ROLES LEADER STATE DEPARTMENT NAME", all, personObject, func(p people.Person) []any {
			return []any{p.ID, strings.Join(p.Roles, ","), p.LeaderID, stateOf(p.Active, "active", "left"), p.Department, p.Name}
		})
	})
}

func personObject(p people.Person) map[string]any {
	return map[string]any{
		"id": p.ID, "name": p.DisplayName(), "email": p.Email, "department": p.Department, "leader": p.LeaderID,
		"roles": p.Roles, "locale": p.Locale, "active": p.Active, "createdAt": p.CreatedAt,
	}
}

func stateOf(in bool, yes, no string) string {
	if in {
		return yes
	}
	return no
}

type peoplePutCmd struct {
	databaseFlags
	byFlag
	ID         string   `arg:"" help:"Id of the person, such as lihua."`
	Name       *string  `help:"Name, as written in Chinese; needed for a new person. What is not given stays as it is."`
	NameEn     *string  `help:"Name in English; the Chinese one when empty."`
	Email      *string  `help:"Mail address."`
	Department *string  `help:"Department."`
	Leader     *string  `help:"Id of the leader; nobody when empty."`
	Roles      []string `enum:"admin,operator,staff" help:"Roles in Steward: admin, operator, staff. A new person is staff unless told otherwise."`
	Locale     *string  `enum:"zh,en" help:"Language of messages: zh (that of a new person) or en."`
	Left       *bool    `negatable:"" help:"The person has left: no sign-in, no new tasks; --no-left when they are back."`
}

// Run stores what was given of the person.
func (c *peoplePutCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		edit, err := service.EditUser(ctx, c.ID, c.actor(), func(p *people.Person, known bool) error {
			if !known && c.Name == nil {
				return needsName("a person", "nobody", c.ID)
			}
			give(&p.Name, c.Name)
			give(&p.NameEn, c.NameEn)
			give(&p.Email, c.Email)
			give(&p.Department, c.Department)
			give(&p.LeaderID, c.Leader)
			give(&p.Locale, c.Locale)
			if c.Roles != nil {
				p.Roles = c.Roles
			}
			if c.Left != nil {
				p.Active = !*c.Left
			}
			return nil
		})
		if err != nil {
			return err
		}
		return edited(out, c.ID, edit)
	})
}

// give replaces a value by what was given, if anything was.
func give[T any](to, given *T) {
	if given != nil {
		*to = *given
	}
}

// needsName refuses to add something without a name.
func needsName(what, nothing, id string) error {
	return misused("--name is needed to add %s, and %s has the id %s yet", what, nothing, id)
}

type setPasswordCmd struct {
	databaseFlags
	User string `arg:"" help:"Id of the person."`
}

// Run makes what was typed the person's password; their sessions end.
func (c *setPasswordCmd) Run(ctx context.Context, in io.Reader, out io.Writer, around *surroundings) error {
	password, err := newPassword(ctx, in, around.std.err, c.User)
	if err != nil {
		return err
	}
	return c.account(ctx, func(service *people.Service) error {
		err := service.SetPassword(ctx, c.User, password, "")
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("nobody has the id %s; `steward people list` shows who there is", c.User)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, "password set; every sign-in of", c.User, "has ended")
		return err
	})
}
