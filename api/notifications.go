package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"

	"steward/internal/store"
)

//go:embed messages.yaml
var messagesText []byte

// message is the text of one kind of message, with placeholders.
type message struct {
	Zh string `yaml:"zh"`
	En string `yaml:"en"`
}

const otherMessage = "other"

func loadMessages() (map[string]message, error) {
	var m map[string]message
	if err := yaml.UnmarshalWithOptions(messagesText, &m, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read messages.yaml: %w", err)
	}
	if _, ok := m[otherMessage]; !ok {
		return nil, fmt.Errorf("messages.yaml: the text %q is missing", otherMessage)
	}
	return m, nil
}

// ListNotifications answers the caller's messages.
func (s *Server) ListNotifications(ctx context.Context, r ListNotificationsRequestObject) (ListNotificationsResponseObject, error) {
	slice, err := s.store.Notifications(ctx, callerOf(ctx).ID, r.Params.Unread, page(r.Params.Cursor, r.Params.Limit))
	if err != nil {
		return nil, err
	}
	titles, err := s.titles(ctx, slice.Items)
	if err != nil {
		return nil, err
	}
	answer, err := named(ctx, s, func(names *nameBook) NotificationPage {
		p := NotificationPage{Items: make([]Notification, len(slice.Items)), NextCursor: slice.Next}
		for i, n := range slice.Items {
			p.Items[i] = Notification{
				ID: n.ID, Kind: n.Kind, Text: s.messageText(n, titles, names), Process: n.ProcessID, Task: deref(n.TaskID),
				CreatedAt: n.CreatedAt.UTC(), ReadAt: at(n.ReadAt),
			}
		}
		return p
	})
	if err != nil {
		return nil, err
	}
	return ListNotifications200JSONResponse(answer), nil
}

// titles reads the titles of the processes and tasks that messages are about. Messages are the person's own, so the
// titles are shown even when they may no longer open what they name.
func (s *Server) titles(ctx context.Context, list []store.Notification) (map[uuid.UUID]Text, error) {
	var processes, tasks []uuid.UUID
	for _, n := range list {
		processes = append(processes, n.ProcessID)
		if n.TaskID != nil {
			tasks = append(tasks, *n.TaskID)
		}
	}
	const sql = `SELECT id, title FROM processes WHERE id = ANY ($1) UNION ALL SELECT id, title FROM tasks WHERE id = ANY ($2)`
	rows, err := s.store.Lists().Query(ctx, sql, processes, tasks)
	if err != nil {
		return nil, store.Classify(err)
	}
	defer rows.Close()
	titles := make(map[uuid.UUID]Text, len(list))
	for rows.Next() {
		var id uuid.UUID
		var title store.Text
		if err := rows.Scan(&id, &title); err != nil {
			return nil, store.Classify(err)
		}
		titles[id] = Text(title)
	}
	return titles, store.Classify(rows.Err())
}

// messageText fills the text of a message with its arguments, as the outbox keeps them.
func (s *Server) messageText(n store.Notification, titles map[uuid.UUID]Text, names *nameBook) Text {
	var args struct {
		Text Text `json:"text"`
		Args struct {
			Zh      string `json:"zh"`
			En      string `json:"en"`
			By      string `json:"by"`
			Comment string `json:"comment"`
		} `json:"args"`
	}
	// Arguments that cannot be read leave their places empty; the message itself is still worth showing.
	_ = json.Unmarshal([]byte(n.Args), &args)
	if args.Text == (Text{}) {
		args.Text = Text{Zh: args.Args.Zh, En: args.Args.En}
	}
	m, ok := s.messages[n.Kind]
	if !ok {
		m = s.messages[otherMessage]
	}
	by := Text{}
	if args.Args.By != "" {
		by = names.name("user:" + args.Args.By)
	}
	render := func(template, lang string) string {
		comment := args.Args.Comment
		if comment != "" {
			comment = map[string]string{langZh: "：", langEn: ": "}[lang] + comment
		}
		return strings.NewReplacer("{task}", in(titles[deref(n.TaskID)], lang), "{process}", in(titles[n.ProcessID], lang),
			"{by}", in(by, lang), "{text}", in(args.Text, lang), "{comment}", comment).Replace(template)
	}
	return Text{Zh: render(m.Zh, langZh), En: render(m.En, langEn)}
}

// MarkNotificationsRead marks some messages, or all up to one, as read.
func (s *Server) MarkNotificationsRead(ctx context.Context, r MarkNotificationsReadRequestObject) (MarkNotificationsReadResponseObject, error) {
	who := callerOf(ctx)
	var marked int
	var err error
	if r.Body.UpTo != 0 {
		marked, err = s.store.MarkReadUpTo(ctx, who.ID, r.Body.UpTo)
	} else {
		marked, err = s.store.MarkRead(ctx, who.ID, r.Body.Ids)
	}
	if err != nil {
		return nil, err
	}
	return MarkNotificationsRead200JSONResponse{Marked: int64(marked)}, nil
}
