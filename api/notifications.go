package api

import (
	"context"

	"github.com/google/uuid"

	"steward/internal/messages"
	"steward/internal/store"
)

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
			p.Items[i] = notificationView(n, titles, names)
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

// notificationView writes a message in both languages: the page switches without asking again.
func notificationView(n store.Notification, titles map[uuid.UUID]Text, names *nameBook) Notification {
	view := Notification{
		ID: n.ID, Kind: n.Kind, Process: n.ProcessID, Task: deref(n.TaskID), CreatedAt: n.CreatedAt.UTC(), ReadAt: at(n.ReadAt),
	}
	var by Text
	if id := messages.Read(n.Args).By; id != "" {
		by = names.name("user:" + id)
	}
	render := func(lang string) (title, body string) {
		facts := messages.Facts{Task: in(titles[view.Task], lang), Process: in(titles[n.ProcessID], lang), By: in(by, lang)}
		return messages.Render(n.Kind, n.Args, facts, lang)
	}
	view.Title.Zh, view.Text.Zh = render(langZh)
	view.Title.En, view.Text.En = render(langEn)
	return view
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
