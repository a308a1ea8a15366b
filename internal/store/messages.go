package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// MaxCommentLength bounds a comment, in characters.
const MaxCommentLength = 4000

// NewComment is a remark to store. ID is chosen by the caller, so that a repeated request stores it once.
type NewComment = storesql.AddCommentParams

// AddComment stores a remark; the same remark with the same id again answers the stored one. The error is ErrInvalid when the
// body is empty or too long, ErrConflict when the id belongs to another remark.
func (s *Store) AddComment(ctx context.Context, c NewComment) (Comment, error) {
	if strings.TrimSpace(c.Body) == "" || utf8.RuneCountInString(c.Body) > MaxCommentLength {
		return Comment{}, fmt.Errorf("%w: body must have 1 to %d characters", ErrInvalid, MaxCommentLength)
	}
	comment, err := s.Queries().AddComment(ctx, c)
	if errors.Is(err, pgx.ErrNoRows) {
		return Comment{}, fmt.Errorf("%w: comment id %s is in use, choose another", ErrConflict, c.ID)
	}
	return found(comment, err, "comment on process %s", c.ProcessID)
}

// Comments lists the remarks on a process, newest first. The caller has checked that the viewer may see the process.
func (s *Store) Comments(ctx context.Context, processID uuid.UUID, page Page) (Slice[Comment], error) {
	return listNewest(ctx, s, "comments/"+processID.String(), `SELECT c.* FROM comments c WHERE true`, "c.created_at", "c.id", page,
		func(stmt *statement) { stmt.add("c.process_id = " + stmt.arg(processID)) },
		func(c Comment) timeKey { return timeKey{At: c.CreatedAt, ID: c.ID} })
}

// NewNotification is an in-app message for one person. OutboxID, when given, makes delivery happen exactly once.
type NewNotification = storesql.InsertNotificationParams

// Notify stores a notification and reports whether it is new: false means that this outbox row was delivered before.
func Notify(ctx context.Context, db DBTX, n NewNotification) (bool, error) {
	stored, err := storesql.New(db).InsertNotification(ctx, n)
	return stored > 0, Classify(err)
}

// Notifications lists what a person was told, latest first: all of it, or what is unread.
func (s *Store) Notifications(ctx context.Context, userID string, unreadOnly bool, page Page) (Slice[Notification], error) {
	return listLatest(ctx, s, "notifications/"+userID, `SELECT n.* FROM notifications n WHERE true`, "n.id", page,
		func(stmt *statement) {
			stmt.add("n.user_id = " + stmt.arg(userID))
			if unreadOnly {
				stmt.add("n.read_at IS NULL")
			}
		},
		func(n Notification) seqKey { return seqKey{Seq: n.ID} })
}

// UnreadNotifications counts what a person has not read, up to MaxCount.
func (s *Store) UnreadNotifications(ctx context.Context, userID string) (int, error) {
	count, err := s.Queries().UnreadNotifications(ctx, userID)
	return int(count), Classify(err)
}

// MarkRead marks notifications of the person as read and answers how many were unread. Ids of others are ignored.
func (s *Store) MarkRead(ctx context.Context, userID string, ids []int64) (int, error) {
	changed, err := s.Queries().MarkNotificationsRead(ctx, storesql.MarkNotificationsReadParams{UserID: userID, IDs: ids})
	return int(changed), Classify(err)
}

// MarkReadUpTo marks everything up to and with the given id as read: what arrives meanwhile stays unread.
func (s *Store) MarkReadUpTo(ctx context.Context, userID string, lastID int64) (int, error) {
	changed, err := s.Queries().MarkNotificationsReadUpTo(ctx, storesql.MarkNotificationsReadUpToParams{UserID: userID, LastID: lastID})
	return int(changed), Classify(err)
}

// ClaimMessages takes up to limit due messages for delivery. Each comes back by itself when it is neither sent, failed nor dead
// before the lease ends; Attempts counts this claim. Several dispatchers may claim at once.
func (s *Store) ClaimMessages(ctx context.Context, limit int, lease time.Duration) ([]Message, error) {
	messages, err := s.Queries().ClaimMessages(ctx, storesql.ClaimMessagesParams{MaxRows: int32(limit), LeaseSeconds: lease.Seconds()})
	return messages, Classify(err)
}

// MessageSent marks a message as delivered and empties its arguments, in db, so that an in-app delivery and its mark commit
// together. It reports false when it was delivered or given up before.
func MessageSent(ctx context.Context, db DBTX, id int64) (bool, error) {
	changed, err := storesql.New(db).MessageSent(ctx, id)
	return changed > 0, Classify(err)
}

// MessageFailed notes why a delivery failed and when to try again.
func (s *Store) MessageFailed(ctx context.Context, id int64, reason string, wait time.Duration) error {
	changed, err := s.Queries().MessageFailed(ctx, storesql.MessageFailedParams{ID: id, LastError: reason, WaitSeconds: wait.Seconds()})
	return oneRow(changed, err, "undelivered message %d", id)
}

// MessageDead gives a message up for an operator to look at.
func (s *Store) MessageDead(ctx context.Context, id int64, reason string) error {
	changed, err := s.Queries().MessageDead(ctx, storesql.MessageDeadParams{ID: id, LastError: reason})
	return oneRow(changed, err, "undelivered message %d", id)
}

// RedeliverMessage gives a dead message another round of attempts. The error is ErrNotFound when it is not dead.
func (s *Store) RedeliverMessage(ctx context.Context, id int64) error {
	changed, err := s.Queries().RedeliverMessage(ctx, id)
	return oneRow(changed, err, "dead message %d", id)
}

// DeadMessages lists the messages that were given up, latest first.
func (s *Store) DeadMessages(ctx context.Context, page Page) (Slice[Message], error) {
	return listLatest(ctx, s, "dead-messages", `SELECT o.* FROM outbox o WHERE o.dead_at IS NOT NULL`, "o.id", page,
		func(*statement) {}, func(m Message) seqKey { return seqKey{Seq: m.ID} })
}
