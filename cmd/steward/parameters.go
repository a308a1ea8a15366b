package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"steward/internal/advance"
	"steward/internal/app"
	"steward/internal/store"
)

type parametersCmd struct {
	List  parametersListCmd  `cmd:"" help:"List the house parameters of definitions, with their defaults."`
	Set   parametersSetCmd   `cmd:"" help:"Give a house parameter a value, for processes that start from now on."`
	Unset parametersUnsetCmd `cmd:"" help:"Go back to the default of a house parameter, for processes that start from now on."`
}

// catalog opens the published definitions of an installation, and closes the store after work.
func (f databaseFlags) catalog(ctx context.Context, work func(*advance.Catalog) error) error {
	st, err := f.database(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	err = work(advance.NewCatalog(st, app.Kinds()))
	var wrong *advance.ParameterError
	if !errors.As(err, &wrong) {
		return err
	}
	switch {
	case !errors.Is(wrong, store.ErrNotFound):
		return fmt.Errorf("%w; nothing was stored", err)
	case wrong.Field == "definition":
		return fmt.Errorf("%w; `steward parameters list` shows what there is, `steward publish` publishes definitions", err)
	}
	return fmt.Errorf("%w; `steward parameters list` shows what there is", err)
}

type parametersListCmd struct {
	databaseFlags
	Definition string `arg:"" optional:"" help:"Id of a definition, such as complaint; all of them when none is given."`
	Format     string `enum:"text,json" default:"text" help:"text, or json: one object a line."`
	Lang       string `enum:"zh,en" default:"en" help:"Language of what a parameter is for: zh or en."`
}

// Run prints one line for each parameter, and what is wrong with values that are of no use.
func (c *parametersListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.catalog(ctx, func(catalog *advance.Catalog) error {
		all, err := catalog.HouseParameters(ctx, c.Definition)
		switch {
		case err != nil:
			return err
		case c.Format == "json":
			return printParameters(out, all)
		case len(all) == 0:
			_, err = fmt.Fprintln(out, "no parameters")
			return err
		}
		return c.table(out, all)
	})
}

func printParameters(out io.Writer, all []advance.HouseParameter) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, h := range all {
		line := map[string]any{
			"definition": h.Definition, "name": h.Name, "type": h.Type, "default": h.Default, "title": h.Title, "set": h.Set, "value": h.Value,
			"problem": h.Problem, "setBy": nil, "setAt": nil,
		}
		if h.Set {
			line["setBy"], line["setAt"] = h.By, h.At.UTC()
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// table puts what is of any width last, because Chinese characters are as wide as two others.
func (c *parametersListCmd) table(out io.Writer, all []advance.HouseParameter) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DEFINITION\tNAME\tTYPE\tDEFAULT\tHOUSE\tFOR")
	for _, h := range all {
		kind, house := "–", "–"
		if h.Type != "" {
			kind = h.Type
		}
		if h.Set {
			house = shown(h.Value)
		}
		about := []string{}
		for _, text := range []string{h.Title.In(c.Lang), h.Problem} {
			if text != "" {
				about = append(about, text)
			}
		}
		if len(about) == 0 {
			about = []string{"–"}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", h.Definition, h.Name, kind, shown(h.Default), house, strings.Join(about, "; "))
	}
	return t.Flush()
}

// shown is how a value is written in a table or a sentence: as it is given to set, quoted where it would not be seen.
func shown(value any) string {
	text, isText := value.(string)
	switch {
	case value == nil:
		return "–"
	case isText && (text == "" || strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl)):
		return strconv.Quote(text)
	case isText:
		return text
	}
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(plain)
}

// parameterFlags name one house parameter and who changes it.
type parameterFlags struct {
	databaseFlags
	Definition string `arg:"" help:"Id of the definition, such as complaint."`
	Name       string `arg:"" help:"Name of the parameter, as parameters list prints it."`
	By         string `env:"STEWARD_OPERATOR,USER" default:"operator" placeholder:"NAME" help:"Who changes it, for the record."`
}

const fromNowOn = "processes that start from now on use it, running ones keep the value they started with"

type parametersSetCmd struct {
	parameterFlags
	Value string `arg:"" help:"The value: 30m, +2wh, 8, 3.5, true or text, by the type. One that begins with - comes last, after --, as in: -- -30m."`
}

// Run stores the value and says what it was before.
func (c *parametersSetCmd) Run(ctx context.Context, out io.Writer) error {
	return c.catalog(ctx, func(catalog *advance.Catalog) error {
		before, value, err := catalog.SetParameter(ctx, c.Definition, c.Name, c.Value, store.Actor{UserID: c.By})
		if err != nil {
			return err
		}
		if was, is := inForce(before), shown(value); before.Set && was == is {
			_, err = fmt.Fprintf(out, "%s %s is %s already, set by %s on %s\n", c.Definition, c.Name, is, before.By, before.At.UTC().Format(time.RFC3339))
		} else {
			_, err = fmt.Fprintf(out, "%s %s: %s → %s; %s\n", c.Definition, c.Name, was, is, fromNowOn)
		}
		return err
	})
}

// inForce shows the value that counts, and whether it is the default.
func inForce(h advance.HouseParameter) string {
	if h.Set {
		return shown(h.Value)
	}
	return shown(h.Default) + " (default)"
}

type parametersUnsetCmd struct{ parameterFlags }

// Run removes the house's value and says what counts instead.
func (c *parametersUnsetCmd) Run(ctx context.Context, out io.Writer) error {
	return c.catalog(ctx, func(catalog *advance.Catalog) error {
		before, err := catalog.UnsetParameter(ctx, c.Definition, c.Name, store.Actor{UserID: c.By})
		if err != nil {
			return err
		}
		was := inForce(before)
		switch {
		case !before.Set:
			_, err = fmt.Fprintf(out, "%s %s is not set: %s\n", c.Definition, c.Name, was)
		case before.Type == "":
			_, err = fmt.Fprintf(out, "%s %s: %s removed; the newest version has no such parameter\n", c.Definition, c.Name, was)
		default:
			before.Set = false
			_, err = fmt.Fprintf(out, "%s %s: %s → %s; %s\n", c.Definition, c.Name, was, inForce(before), fromNowOn)
		}
		return err
	})
}
