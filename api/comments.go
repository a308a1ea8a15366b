package api

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"steward/internal/store"
)

// commentSpace is the name space of comment ids, which are made from author and Idempotency-Key.
const commentSpace = "4f5d1a0e-8d0f-4a53-9a3e-3c1f5b7d2e60"

// ListComments answers what was said about the task's process.
func (s *Server) ListComments(ctx context.Context, r ListCommentsRequestObject) (ListCommentsResponseObject, error) {
	process := subjectOf(ctx).task.ProcessID
	slice, err := s.store.Comments(ctx, process, page(r.Params.Cursor, r.Params.Limit))
	if err != nil {
		return nil, err
	}
	answer, err := named(ctx, s, func(names *nameBook) CommentPage {
		p := CommentPage{Items: make([]Comment, len(slice.Items)), NextCursor: slice.Next}
		for i, c := range slice.Items {
			p.Items[i] = commentView(c, names)
		}
		return p
	})
	if err != nil {
		return nil, err
	}
	return ListComments200JSONResponse(answer), nil
}

// AddComment stores a remark, once per author and key.
func (s *Server) AddComment(ctx context.Context, r AddCommentRequestObject) (AddCommentResponseObject, error) {
	who, task := callerOf(ctx), subjectOf(ctx).task
	id := uuid.NewSHA1(uuid.MustParse(commentSpace), []byte(who.ID+"\x00"+r.Params.IdempotencyKey))
	stored, err := s.store.AddComment(ctx, store.NewComment{ID: id, ProcessID: task.ProcessID, TaskID: &task.ID, Author: who.ID, Body: r.Body.Body})
	if errors.Is(err, store.ErrConflict) || (err == nil && deref(stored.TaskID) != task.ID) {
		return nil, fail(codeKeyReused)
	}
	if err != nil {
		return nil, err
	}
	view, err := named(ctx, s, func(names *nameBook) Comment { return commentView(stored, names) })
	if err != nil {
		return nil, err
	}
	return AddComment200JSONResponse(view), nil
}

func commentView(c store.Comment, names *nameBook) Comment {
	return Comment{ID: c.ID, Task: deref(c.TaskID), Author: names.person(c.Author), Body: c.Body, CreatedAt: c.CreatedAt.UTC()}
}
