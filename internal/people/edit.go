package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// UnknownPeopleError says that a field names people whom the house does not have. It is a store.ErrInvalid.
type UnknownPeopleError struct {
	Field string // leader, members or holders
	IDs   []string
}

// Error names the field and the people.
func (e *UnknownPeopleError) Error() string {
	return fmt.Sprintf("%s: nobody has the id %s", e.Field, strings.Join(e.IDs, ", "))
}

// Unwrap gives store.ErrInvalid.
func (e *UnknownPeopleError) Unwrap() error { return store.ErrInvalid }

// EditUser changes what is known of a person by edit, which learns whether there is somebody of that id and may refuse, and writes
// the change to the audit trail. The password stays; whoever is no longer active loses all sessions. The error is store.ErrInvalid
// when a field is not acceptable, an *UnknownPeopleError when the leader is not known.
func (s *Service) EditUser(ctx context.Context, id string, by store.Actor, edit func(p *Person, known bool) error) (result store.Edit, err error) {
	if err := checkID("id", id); err != nil {
		return "", err
	}
	var p Person
	err = s.store.InEdit(ctx, func(ctx context.Context, tx pgx.Tx) error {
		p = Person{ID: id, Active: true}
		var before any
		row, err := storesql.New(tx).UserByID(ctx, id)
		switch {
		case err == nil:
			p = fromRow(row)
			before = p.record()
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		if err := edit(&p, before != nil); err != nil {
			return err
		}
		result, err = p.keep(ctx, tx, by, before)
		return err
	})
	if err != nil {
		return "", explain(err)
	}
	return result, s.userChanged(ctx, p)
}

func (p *Person) keep(ctx context.Context, tx pgx.Tx, by store.Actor, before any) (store.Edit, error) {
	*p = p.withDefaults()
	if err := p.check(); err != nil {
		return "", err
	}
	if p.LeaderID != "" {
		if err := known(ctx, tx, "leader", []string{p.LeaderID}); err != nil {
			return "", err
		}
	}
	return store.KeepEdit(ctx, tx, by, "user.put", "user/"+p.ID, before, p.record(), func() error {
		_, err := storesql.New(tx).UpsertUser(ctx, p.params())
		return err
	})
}

// record is what the audit trail keeps of a person.
func (p *Person) record() map[string]any {
	return map[string]any{
		"name": p.Name, "nameEn": p.NameEn, "email": p.Email, "department": p.Department, "leader": p.LeaderID,
		"roles": p.Roles, "locale": p.Locale, "active": p.Active,
	}
}

// known demands that all ids are those of people.
func known(ctx context.Context, tx pgx.Tx, field string, ids []string) error {
	rows, err := storesql.New(tx).UsersByID(ctx, ids)
	if err != nil {
		return err
	}
	unknown := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return slices.ContainsFunc(rows, func(u storesql.User) bool { return u.ID == id })
	})
	if len(unknown) > 0 {
		return &UnknownPeopleError{Field: field, IDs: unknown}
	}
	return nil
}

// EditGroup changes a group by edit, which learns whether there is one of that id and may refuse, and writes the change to the audit
// trail. Members who have left are among those that edit gets. The error is store.ErrInvalid when a field is not acceptable, an
// *UnknownPeopleError when a member is not known.
func (s *Service) EditGroup(ctx context.Context, id string, by store.Actor, edit func(g *Group, known bool) error) (result store.Edit, err error) {
	const sql = `SELECT id, name, ARRAY(SELECT user_id FROM memberships WHERE group_id = id ORDER BY user_id) FROM groups WHERE id = $1`
	if err := checkID("group id", id); err != nil {
		return "", err
	}
	defer s.identities.forgetAll()
	err = s.store.InEdit(ctx, func(ctx context.Context, tx pgx.Tx) error {
		g, before, err := existing(ctx, tx, sql, id, Group{ID: id}, Group.record)
		if err != nil {
			return err
		}
		if err := edit(&g, before != nil); err != nil {
			return err
		}
		if g.Members, err = listed(ctx, tx, "members", g.Members); err != nil {
			return err
		}
		if err := checkName(g.Name); err != nil {
			return err
		}
		result, err = store.KeepEdit(ctx, tx, by, "group.put", "group/"+id, before, g.record(), func() error { return g.put(ctx, tx) })
		return err
	})
	return result, explain(err)
}

// EditPost changes a post by edit as EditGroup does a group. The id of a post at a site is post@site.
func (s *Service) EditPost(ctx context.Context, id string, by store.Actor, edit func(p *Post, known bool) error) (result store.Edit, err error) {
	const sql = `SELECT id, site, name, ARRAY(SELECT user_id FROM post_holders WHERE post_id = id ORDER BY user_id) FROM posts WHERE id = $1`
	_, site, _ := strings.Cut(id, "@")
	fresh := Post{ID: id, Site: site}
	if err := fresh.check(); err != nil {
		return "", err
	}
	defer s.identities.forgetAll()
	err = s.store.InEdit(ctx, func(ctx context.Context, tx pgx.Tx) error {
		p, before, err := existing(ctx, tx, sql, id, fresh, Post.record)
		if err != nil {
			return err
		}
		if err := edit(&p, before != nil); err != nil {
			return err
		}
		if p.Holders, err = listed(ctx, tx, "holders", p.Holders); err != nil {
			return err
		}
		if err := checkName(p.Name); err != nil {
			return err
		}
		result, err = store.KeepEdit(ctx, tx, by, "post.put", "post/"+id, before, p.record(), func() error { return p.put(ctx, tx) })
		return err
	})
	return result, explain(err)
}

// existing reads what has the id, and its record for the audit trail; what is not there is fresh and has a nil record.
func existing[T any](ctx context.Context, tx pgx.Tx, sql, id string, fresh T, record func(T) map[string]any) (T, any, error) {
	rows, err := tx.Query(ctx, sql, id)
	if err != nil {
		return fresh, nil, err
	}
	found, err := pgx.CollectOneRow(rows, pgx.RowToStructByPos[T])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fresh, nil, nil
	case err != nil:
		return fresh, nil, err
	}
	return found, record(found), nil
}

// listed answers people once each and sorted, as they are read again.
func listed(ctx context.Context, tx pgx.Tx, field string, ids []string) ([]string, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return ids, known(ctx, tx, field, ids)
}

func checkName(name store.Text) error {
	if name.Zh == "" || len(name.Zh) > 200 || len(name.En) > 200 {
		return fmt.Errorf("%w: name must have 1 to 200 bytes", store.ErrInvalid)
	}
	return nil
}

func (g Group) record() map[string]any {
	return map[string]any{"name": g.Name, "members": emptyNotNull(g.Members)}
}

func (p Post) record() map[string]any {
	return map[string]any{"name": p.Name, "holders": emptyNotNull(p.Holders)}
}

// emptyNotNull makes nobody look the same in JSON wherever the list came from.
func emptyNotNull(ids []string) []string {
	if ids == nil {
		return []string{}
	}
	return ids
}
