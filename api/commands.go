package api

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

// statusRefused is how a receipt says that a command changed nothing.
const statusRefused = "refused"

// outcome is what became of a command that was just sent.
type outcome struct {
	result CommandResult
	stored bool // safe, but not decided yet
}

func (o outcome) decided() DecidedJSONResponse { return DecidedJSONResponse(o.result) }

func (o outcome) pending() StoredJSONResponse {
	return StoredJSONResponse{Body: o.result, Headers: StoredResponseHeaders{Location: "/api/v1/commands/" + o.result.Command.String()}}
}

// submit hands a command over and turns its receipt into an answer; a refusal is an error.
func (s *Server) submit(ctx context.Context, c advance.Command) (outcome, error) {
	c.Actor = callerOf(ctx).ID
	result, err := s.commander.Submit(ctx, c)
	return s.settle(ctx, result, err, c.HoldUntil)
}

// settle reads what the Commander answered.
func (s *Server) settle(ctx context.Context, result advance.Result, err error, held *time.Time) (outcome, error) {
	n := noteFrom(ctx)
	if n.command = result.Command; result.Process != uuid.Nil {
		n.process = result.Process
	}
	if errors.Is(err, advance.ErrNotDecidedYet) {
		view := CommandResult{Command: result.Command, Status: CommandResultStatusPending, Process: result.Process, Replay: result.Replay, HeldUntil: at(held)}
		return outcome{result: view, stored: true}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	if result.Receipt.Status == statusRefused {
		winner, err := named(ctx, s, func(names *nameBook) *Winner { return names.winner(result.Receipt.Winner) })
		if err != nil {
			return outcome{}, err
		}
		return outcome{}, refused(result.Command, result.Receipt, winner)
	}
	return outcome{result: resultView(result, nil)}, nil
}

// resultView shows a receipt; names may be nil when it has no winner.
func resultView(r advance.Result, names *nameBook) CommandResult {
	view := CommandResult{
		Command: r.Command, Status: CommandResultStatusPending, Process: r.Process, Task: parsedID(r.Receipt.Task),
		Revision: r.Receipt.Revision, Seq: r.Receipt.Seq, Replay: r.Replay,
	}
	switch r.Receipt.Status {
	case "":
		return view
	case statusRefused:
		view.Status, view.Code, view.Message = CommandResultStatusRefused, r.Receipt.Code, Text(r.Receipt.Message)
	default:
		// What was applied may have something to tell all the same: the room that it asked for is taken.
		view.Status, view.Code, view.Message = CommandResultStatusApplied, r.Receipt.Code, Text(r.Receipt.Message)
	}
	if r.Receipt.Winner != nil && names != nil {
		view.Winner = *names.winner(r.Receipt.Winner)
	}
	return view
}

// GetCommand answers the receipt of one of the caller's commands, or of anybody's to an operator.
func (s *Server) GetCommand(ctx context.Context, r GetCommandRequestObject) (GetCommandResponseObject, error) {
	command, err := s.ownCommand(ctx, r.CommandID)
	if err != nil {
		return nil, err
	}
	result, err := s.commander.Receipt(ctx, command.ID)
	parked := errors.Is(err, advance.ErrParked)
	if err != nil && !parked && !errors.Is(err, advance.ErrNotDecidedYet) {
		return nil, err
	}
	view, err := named(ctx, s, func(names *nameBook) CommandResult { return resultView(result, names) })
	if err != nil {
		return nil, err
	}
	view.Command, view.Process = command.ID, command.ProcessID
	if view.Status == CommandResultStatusPending {
		view.HeldUntil = at(command.HoldUntil)
	}
	if parked {
		view.Code, view.Message = codeParked, s.kinds.Requests[codeParked].Title
	}
	view.Fields = shownFields(result.Receipt, language(echoOf(ctx))) //nolint:contextcheck // the language is the request's
	return GetCommand200JSONResponse(view), nil
}

func shownFields(r engine.Receipt, lang string) []FieldProblem {
	var fields []FieldProblem
	for _, e := range r.Fields {
		fields = append(fields, FieldProblem{Field: e.Field, Code: e.Code, Message: in(Text{e.Zh, e.En}, lang)})
	}
	return fields
}

// ownCommand reads a command that the caller sent. Nobody but operators learns of the commands of others.
func (s *Server) ownCommand(ctx context.Context, id uuid.UUID) (store.Command, error) {
	who := callerOf(ctx)
	command, err := s.store.Command(ctx, id)
	if err != nil {
		return command, err
	}
	if command.Actor != who.ID && !who.operator() {
		return command, fail(codeNotFound)
	}
	n := noteFrom(ctx)
	n.command, n.process = command.ID, command.ProcessID
	return command, nil
}

// WithdrawCommand takes back a command that is still held.
func (s *Server) WithdrawCommand(ctx context.Context, r WithdrawCommandRequestObject) (WithdrawCommandResponseObject, error) {
	command, err := s.ownCommand(ctx, r.CommandID)
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	if command.Actor != who.ID {
		return nil, fail(codeForbidden)
	}
	withdrawn, err := s.commander.Withdraw(ctx, r.CommandID, who.ID)
	if err != nil {
		return nil, err
	}
	if !withdrawn {
		return nil, fail(codeTooLate)
	}
	return WithdrawCommand204Response{}, nil
}
