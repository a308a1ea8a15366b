package main

import (
	"context"
	"io"
	"strings"

	"steward/internal/people"
	"steward/internal/store"
)

type groupsCmd struct {
	List groupsListCmd `cmd:"" help:"List groups with those of their members who work here."`
	Put  groupsPutCmd  `cmd:"" help:"Add a group, or change what is given of one."`
}

type groupsListCmd struct{ listFlags }

// Run prints one line for each group.
func (c *groupsListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		all, err := service.Groups(ctx)
		if err != nil {
			return err
		}
		return printed(out, c.Format, "ID MEMBERS NAME", all, func(g people.Group) map[string]any {
			return map[string]any{"id": g.ID, "name": g.Name, "members": g.Members}
		}, func(g people.Group) []any { return []any{g.ID, strings.Join(g.Members, ","), g.Name.Zh} })
	})
}

// namedFlags are those of everything in the directory that has a name in both languages.
type namedFlags struct {
	databaseFlags
	byFlag
	Name   *string `help:"Name, as written in Chinese; needed for a new one. What is not given stays as it is."`
	NameEn *string `help:"Name in English; the Chinese one when empty."`
}

// rename gives what was given of a name; what is new needs one.
func (f namedFlags) rename(name *store.Text, known bool, what, id string) error {
	if !known && f.Name == nil {
		return needsName("a "+what, "no "+what, id)
	}
	give(&name.Zh, f.Name)
	give(&name.En, f.NameEn)
	return nil
}

// ids reads people separated by commas; an empty text is nobody.
func ids(text string) []string {
	out := []string{}
	for id := range strings.SplitSeq(text, ",") {
		if id = strings.TrimSpace(id); id != "" {
			out = append(out, id)
		}
	}
	return out
}

type groupsPutCmd struct {
	namedFlags
	ID      string  `arg:"" help:"Id of the group, such as complaint-desk."`
	Members *string `placeholder:"ID,…" help:"Ids of all its members, separated by commas; nobody when empty."`
}

// Run stores what was given of the group.
func (c *groupsPutCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		edit, err := service.EditGroup(ctx, c.ID, c.actor(), func(g *people.Group, known bool) error {
			if c.Members != nil {
				g.Members = ids(*c.Members)
			}
			return c.rename(&g.Name, known, "group", c.ID)
		})
		if err != nil {
			return err
		}
		return edited(out, c.ID, edit)
	})
}

type postsCmd struct {
	List postsListCmd `cmd:"" help:"List posts with those of their holders who work here."`
	Put  postsPutCmd  `cmd:"" help:"Add a post, or change what is given of one."`
}

type postsListCmd struct{ listFlags }

// Run prints one line for each post.
func (c *postsListCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		all, err := service.Posts(ctx)
		if err != nil {
			return err
		}
		return printed(out, c.Format, "ID HOLDERS NAME", all, func(p people.Post) map[string]any {
			return map[string]any{"id": p.ID, "site": p.Site, "name": p.Name, "holders": p.Holders}
		}, func(p people.Post) []any { return []any{p.ID, strings.Join(p.Holders, ","), p.Name.Zh} })
	})
}

type postsPutCmd struct {
	namedFlags
	ID      string  `arg:"" help:"Id of the post, such as duty-manager, or duty-manager@north when every site has one."`
	Holders *string `placeholder:"ID,…" help:"Ids of all who hold it, separated by commas; vacant when empty."`
}

// Run stores what was given of the post.
func (c *postsPutCmd) Run(ctx context.Context, out io.Writer) error {
	return c.account(ctx, func(service *people.Service) error {
		edit, err := service.EditPost(ctx, c.ID, c.actor(), func(p *people.Post, known bool) error {
			if c.Holders != nil {
				p.Holders = ids(*c.Holders)
			}
			return c.rename(&p.Name, known, "post", c.ID)
		})
		if err != nil {
			return err
		}
		return edited(out, c.ID, edit)
	})
}
