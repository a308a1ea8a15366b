package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"steward/internal/people"
	"steward/internal/store"
)

type peopleCmd struct {
	List        peopleListCmd  `cmd:"" help:"List people."`
	Put         peoplePutCmd   `cmd:"" help:"Add a person, or change one."`
	SetPassword setPasswordCmd `cmd:"" help:"Set a password; it is read from standard input."`
}

// account opens the store and the people of an installation, and closes them after work.
func (f databaseFlags) account(ctx context.Context, work func(*people.Service) error) error {
	st, err := store.Open(ctx, f.DatabaseURL, store.Options{MaxConns: 4, ListMaxConns: 1})
	if err != nil {
		return err
	}
	defer st.Close()
	service, err := people.NewService(st, people.Options{})
	if err != nil {
		return err
	}
	return work(service)
}

type peopleListCmd struct {
	databaseFlags
}

// Run prints one line for each person.
func (c *peopleListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		all, err := service.People(ctx)
		for _, p := range all {
			fmt.Fprintf(out, "%-20s %s %s %v active=%t\n", p.ID, p.Name, p.Department, p.Roles, p.Active)
		}
		return err
	})
}

type peoplePutCmd struct {
	databaseFlags
	ID         string   `arg:"" help:"Id of the person, such as lihua."`
	Name       string   `required:"" help:"Name, as written in Chinese."`
	NameEn     string   `help:"Name in English; the other one when empty."`
	Email      string   `help:"Mail address."`
	Department string   `help:"Department."`
	Leader     string   `help:"Id of the leader; nobody when empty."`
	Roles      []string `default:"staff" enum:"admin,operator,staff" help:"Roles in Steward: admin, operator, staff."`
	Locale     string   `default:"zh" enum:"zh,en" help:"Language of messages: zh or en."`
	Left       bool     `help:"The person has left: no sign-in, no new tasks."`
}

// Run stores the person.
func (c *peoplePutCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		p, err := service.PutUser(ctx, people.Person{
			ID: c.ID, Name: c.Name, NameEn: c.NameEn, Email: c.Email, Department: c.Department, LeaderID: c.Leader, Roles: c.Roles, Locale: c.Locale, Active: !c.Left,
		})
		if err == nil {
			fmt.Fprintln(out, "stored", p.ID)
		}
		return err
	})
}

type setPasswordCmd struct {
	databaseFlags
	User string `arg:"" help:"Id of the person."`
}

// Run reads one line and makes it the person's password; their sessions end.
func (c *setPasswordCmd) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return errors.New("no password on standard input; give it so: printf '%s' \"$PASSWORD\" | steward people set-password " + c.User)
	}
	return c.account(ctx, func(service *people.Service) error {
		if err := service.SetPassword(ctx, c.User, password, ""); err != nil {
			return err
		}
		fmt.Fprintln(out, "password set; every sign-in of", c.User, "has ended")
		return nil
	})
}

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make an API token; its secret is printed once."`
}

type tokenCreateCmd struct {
	databaseFlags
	User   string        `arg:"" help:"Id of the person that the token acts for."`
	Name   string        `required:"" help:"What it is for."`
	Scopes []string      `default:"read" enum:"read,write" help:"What it is good for: read, write."`
	Life   time.Duration `default:"2160h" help:"How long it is good for; 2160h is 90 days."`
}

// Run prints the secret alone on its line, so that a script can take it.
func (c *tokenCreateCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		secret, _, err := service.CreateToken(ctx, people.NewToken{UserID: c.User, Name: c.Name, Scopes: c.Scopes, ExpiresAt: time.Now().Add(c.Life)})
		if err == nil {
			fmt.Fprintln(out, secret)
		}
		return err
	})
}
