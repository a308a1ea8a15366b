package advance

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/definitions"
	"steward/internal/people"
	"steward/internal/store"
	"steward/workflows/engine"
)

// Mode says who decides first: the process's workflow, or the API.
type Mode string

// The two settings of `decide`.
const (
	ModeWorkflow Mode = "workflow"
	ModeAPI      Mode = "api"
)

// Service takes commands: it stores them, has them decided and waits for their receipts. It implements Commander.
type Service struct {
	advancer *Advancer
	store    *store.Store
	receipts *store.Receipts
	mode     Mode
	away     func() bool
	patience time.Duration
	waiting  atomic.Int64 // requests that wait for a decision
	crowded  atomic.Int64 // when there were more of them than processors can serve at once, in Unix nanoseconds
	served   atomic.Int64 // when the last of them had its answer, in Unix nanoseconds
}

// Limits of having a command decided as its undo window passes; what is not decided then the sweeper does.
const (
	heldPatience = 5 * time.Second // of one attempt
	heldAttempts = 6
	heldPause    = 200 * time.Millisecond // before the second attempt; it doubles
)

// DefaultPatience is how long a command waits for the workflow before the API decides itself.
const DefaultPatience = time.Second

// NewService makes a Service. away says that Temporal is known to be unreachable, so that waiting for it makes no sense.
func NewService(a *Advancer, receipts *store.Receipts, mode Mode, away func() bool, patience time.Duration) *Service {
	if patience <= 0 {
		patience = DefaultPatience
	}
	return &Service{advancer: a, store: a.store, receipts: receipts, mode: mode, away: away, patience: patience}
}

var _ Commander = (*Service)(nil)

// startSpace is the namespace of process ids: UUIDv5 over starter and key.
var startSpace = uuid.MustParse("7f1c7a5e-3b9a-4d53-9f6e-6a1f0b8f2c11")

// Requests of the same people come one after the other: for how long one is remembered, and for how long a crowd is.
const (
	servedFor  = 25 * time.Millisecond
	crowdedFor = 250 * time.Millisecond
)

// Busy reports whether people wait for decisions of this program or had one just now, or a moment ago waited in greater number than
// its processors can serve at once.
func (s *Service) Busy() bool {
	return s.waiting.Load() > 0 || since(&s.served) < servedFor || since(&s.crowded) < crowdedFor
}

func since(moment *atomic.Int64) time.Duration { return time.Since(time.Unix(0, moment.Load())) }

// enter counts a request that waits for a decision, until leave is called.
func (s *Service) enter() (leave func()) {
	if s.waiting.Add(1) > int64(2*runtime.GOMAXPROCS(0)) {
		s.crowded.Store(time.Now().UnixNano())
	}
	return func() {
		s.served.Store(time.Now().UnixNano())
		s.waiting.Add(-1)
	}
}

// Start validates a start, stores the process with its start command, and has it decided.
func (s *Service) Start(ctx context.Context, st Start) (Result, error) {
	defer s.enter()()
	def, ref, err := s.definition(ctx, st)
	if err != nil {
		return Result{}, err
	}
	process := uuid.NewSHA1(startSpace, []byte(st.Actor+"\x00"+st.Key))
	data := engine.StartData{Definition: ref, Process: process.String(), Input: st.Input, Parameters: s.advancer.catalog.Parameters(ref.ID)}
	digest := digestOf(ref.ID, st.Version, st.Input)
	intro, refusal, err := s.introduce(ctx, def, data, st.Actor)
	if refusal != nil {
		// What is refused now may have been accepted when the request came first.
		if done, ok, err := s.repeated(ctx, st.Actor, st.Key, digest); ok || err != nil {
			return done, err
		}
	}
	if err != nil || refusal != nil {
		return refusedResult(process, refusal), err
	}
	create := &newProcess{ref: ref, starter: st.Actor, title: encode(intro.Title), businessKey: nullable(intro.BusinessKey)}
	res, err := s.submit(ctx, Command{Process: process, Type: engine.EventStart, Actor: st.Actor, Key: st.Key, Payload: data}, create, digest)
	return res, s.startError(ctx, err, ref.ID, intro.BusinessKey)
}

func (s *Service) definition(ctx context.Context, st Start) (*definitions.Definition, engine.Ref, error) {
	def, ref, err := s.advancer.catalog.Latest(ctx, st.Definition)
	if err == nil && def != nil && st.Version != 0 && st.Version != ref.Version {
		ref = engine.Ref{ID: st.Definition, Version: st.Version}
		def, err = s.advancer.catalog.Get(ctx, st.Definition, st.Version)
		if err == nil {
			ref.Digest = def.Digest
		}
	}
	if errors.Is(err, store.ErrNotFound) || (err == nil && def == nil) {
		return nil, ref, ErrNoDefinition
	}
	return def, ref, err
}

// introduce asks the engine whether the start would be refused now, so that nothing wrong is stored.
func (s *Service) introduce(ctx context.Context, def *definitions.Definition, data engine.StartData, actor string) (engine.Introduction, *engine.Refusal, error) {
	payload, err := json.Marshal(data)
	if err != nil {
		return engine.Introduction{}, nil, fmt.Errorf("encode start: %w", err)
	}
	if err := s.advancer.calendars.Refresh(ctx); err != nil {
		return engine.Introduction{}, nil, err
	}
	env := &outside{catalog: s.advancer.catalog, calendars: s.advancer.calendars, directory: people.NewDirectory(s.store.Pool())}
	ev := engine.Event{Type: engine.EventStart, At: time.Now().UTC(), Actor: engine.Actor{User: actor}, Data: payload}
	intro, err := s.advancer.engine.Introduce(ctx, def, ev, env)
	var refusal *engine.Refusal
	if errors.As(err, &refusal) {
		return intro, refusal, nil
	}
	if err != nil {
		return intro, nil, err
	}
	refusal, err = s.missing(ctx, def, intro.Input)
	return intro, refusal, err
}

// missing refuses a start that names a room or another resource that does not exist or is out of use.
func (s *Service) missing(ctx context.Context, def *definitions.Definition, input map[string]any) (*engine.Refusal, error) {
	if def.Input == nil {
		return nil, nil
	}
	for _, f := range def.Input.Fields {
		id, ok := input[f.Name].(string)
		if f.Resource == "" || !ok {
			continue
		}
		var usable bool
		err := s.store.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT FROM resources WHERE id = $1 AND kind = $2 AND active)`, id, f.Resource).Scan(&usable)
		if err != nil {
			return nil, store.Classify(err)
		}
		if !usable {
			return engine.Invalid(definitions.FieldError{
				Field: "input." + f.Name, Code: "unknown", Zh: "没有这个选项，或它已停用", En: "there is none by this name, or it is out of use",
			}), nil
		}
	}
	return nil, nil
}

func refusedResult(process uuid.UUID, r *engine.Refusal) Result {
	if r == nil {
		return Result{}
	}
	return Result{Process: process, Receipt: receiptOf(r, "")}
}

// startError names the process that has the business key, in the chain of the error.
func (s *Service) startError(ctx context.Context, err error, definition, key string) error {
	var c *store.ConstraintError
	if !errors.As(err, &c) || c.Constraint != businessKeyIndex {
		return err
	}
	taken := &BusinessKeyError{Key: key}
	row := s.store.Pool().QueryRow(ctx, `SELECT id FROM processes WHERE definition_id = $1 AND business_key = $2 AND status <> 'ended'`, definition, key)
	if scan := row.Scan(&taken.Process); scan != nil {
		taken.Process = uuid.Nil
	}
	return taken
}

// businessKeyIndex keeps a business key unique among the open processes of a definition.
const businessKeyIndex = "processes_business_key"

// BusinessKeyError says which open process has the business key; uuid.Nil when it ended meanwhile.
type BusinessKeyError struct {
	Key     string
	Process uuid.UUID
}

// Error names the key.
func (e *BusinessKeyError) Error() string { return ErrBusinessKey.Error() + ": " + e.Key }

// Unwrap answers ErrBusinessKey.
func (e *BusinessKeyError) Unwrap() error { return ErrBusinessKey }

// Submit stores a command and has it decided.
func (s *Service) Submit(ctx context.Context, c Command) (Result, error) {
	defer s.enter()()
	digest := digestOf(c.Process.String()+"/"+c.Type, 0, c.Payload)
	return s.submit(ctx, c, nil, digest)
}

// commandID is the same for every repetition of a request, so that its receipt can be waited for before it is stored.
func commandID(actor, key string) uuid.UUID {
	return uuid.NewSHA1(startSpace, []byte("command\x00"+actor+"\x00"+key))
}

func (s *Service) submit(ctx context.Context, c Command, create *newProcess, digest []byte) (Result, error) {
	id := commandID(c.Actor, c.Key)
	payload, err := json.Marshal(c.Payload)
	if err != nil {
		return Result{}, fmt.Errorf("encode command: %w", err)
	}
	cmd := &newCommand{
		ID: id, ProcessID: c.Process, Actor: c.Actor, Key: c.Key, BodyDigest: digest, Type: c.Type, Payload: string(payload), HoldUntil: c.HoldUntil, Trace: traceOf(ctx),
	}
	res := Result{Command: id, Process: c.Process}
	if s.mode == ModeAPI || create != nil { // a start has no workflow yet that could decide it
		return s.decideHere(ctx, res, job{process: c.Process, insert: cmd, create: create})
	}
	return s.decideThere(ctx, res, cmd)
}

// decideHere stores and decides in one transaction.
func (s *Service) decideHere(ctx context.Context, res Result, j job) (Result, error) {
	out, err := s.advancer.run(ctx, j)
	if errors.Is(err, ErrNoProcess) && j.create != nil { // its key was used before, for something else
		return s.lookUp(ctx, res, j.insert.BodyDigest, true)
	}
	if err != nil {
		return res, err
	}
	if !j.insert.fresh { // whatever was decided just now was asked for before, perhaps by another request of the same key
		return s.lookUp(ctx, res, j.insert.BodyDigest, true)
	}
	s.held(res.Process, j.insert) //nolint:contextcheck // it outlives the request on purpose
	for _, r := range out.receipts {
		if r.command == res.Command {
			return s.read(res, r.receipt, false)
		}
	}
	return s.lookUp(ctx, res, j.insert.BodyDigest, false)
}

// decideThere stores the command, has the workflow decide, and decides here when that takes too long.
func (s *Service) decideThere(ctx context.Context, res Result, cmd *newCommand) (Result, error) {
	expected := s.receipts.Expect(res.Command)
	defer expected.Cancel()
	fresh, err := s.advancer.storeCommandSoon(ctx, cmd)
	if err != nil {
		return res, err
	}
	if fresh {
		res, err = s.haveDecided(ctx, expected, res, cmd)
	} else {
		res, err = s.lookUp(ctx, res, cmd.BodyDigest, true)
	}
	return res, s.kept(ctx, res.Command, err)
}

// kept sees to it that an answer which says that a command is stored, but not decided yet, is true whatever happens to Postgres.
func (s *Service) kept(ctx context.Context, command uuid.UUID, err error) error {
	if !errors.Is(err, ErrNotDecidedYet) {
		return err
	}
	return cmp.Or(s.advancer.flush(ctx, command), err)
}

// haveDecided has the workflow decide a stored command.
func (s *Service) haveDecided(ctx context.Context, expected *store.Expectation, res Result, cmd *newCommand) (Result, error) {
	if s.held(res.Process, cmd) { //nolint:contextcheck // it outlives the request on purpose
		return res, ErrNotDecidedYet
	}
	patient, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	s.advancer.nudge(patient, res.Process, Effects{Again: true})
	if s.away() {
		return s.decideAfterAll(ctx, res, cmd)
	}
	receipt, err := expected.Wait(patient)
	if err == nil {
		return s.read(res, receipt, false)
	}
	if ctx.Err() != nil {
		return res, errors.Join(ErrNotDecidedYet, ctx.Err())
	}
	return s.decideAfterAll(ctx, res, cmd)
}

// decideAfterAll runs the same Advance here; the sweeper tells Temporal later.
func (s *Service) decideAfterAll(ctx context.Context, res Result, cmd *newCommand) (Result, error) {
	if _, err := s.advancer.run(ctx, job{process: res.Process}); err != nil {
		return res, errors.Join(ErrNotDecidedYet, err)
	}
	res, err := s.lookUp(ctx, res, cmd.BodyDigest, false)
	if errors.Is(err, store.ErrNotFound) { // Postgres was away meanwhile, and lost what nobody was told of
		err = ErrUnavailable
	}
	return res, err
}

// held says whether a command waits for its undo window to pass, and has it decided then; should this program be gone by
// then, the sweeper does it.
func (s *Service) held(process uuid.UUID, cmd *newCommand) bool {
	if cmd.HoldUntil == nil || !cmd.HoldUntil.After(time.Now()) {
		return false
	}
	s.whenHeld(holding{process: process, command: cmd.ID}, time.Until(*cmd.HoldUntil))
	return true
}

// holding is a held command on its way to a decision.
type holding struct {
	process, command uuid.UUID
	attempts         int
	told             bool // its workflow was, and has the time of any command to decide it
}

// whenHeld has a command decided after a while, and looks whether it was: by Postgres's clock, which counts, its undo window may
// pass later.
func (s *Service) whenHeld(h holding, after time.Duration) {
	time.AfterFunc(after, func() {
		ctx, cancel := context.WithTimeout(context.Background(), heldPatience)
		defer cancel()
		pause := heldPause << h.attempts
		h.attempts++
		left, waits, err := s.holdLeft(ctx, h.command)
		switch {
		case err != nil || !waits:
		case left > 0:
			pause = left
		case s.mode == ModeWorkflow && !h.told && !s.away():
			h.told, pause = true, s.patience
			s.advancer.nudge(ctx, h.process, Effects{Again: true})
		default:
			_, err = s.advancer.Advance(ctx, h.process, Wake{})
		}
		switch {
		case err == nil && !waits:
		case h.attempts == heldAttempts:
			s.advancer.log.WarnContext(ctx, "held command left to the sweeper", "process", h.process, "command", h.command, "error", err)
		default:
			s.whenHeld(h, pause)
		}
	})
}

// holdLeft answers how much of a command's undo window is left by Postgres's clock, and whether the command still waits.
func (s *Service) holdLeft(ctx context.Context, command uuid.UUID) (left time.Duration, waits bool, err error) {
	var seconds float64
	err = s.store.Pool().QueryRow(ctx, `SELECT extract(epoch FROM hold_until - clock_timestamp())::float8 FROM commands
WHERE id = $1 AND settled_at IS NULL AND hold_until IS NOT NULL`, command).Scan(&seconds)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return time.Duration(seconds * float64(time.Second)), err == nil, store.Classify(err)
}

// repeated answers the first result of a request that was made before.
func (s *Service) repeated(ctx context.Context, actor, key string, digest []byte) (Result, bool, error) {
	cmd, err := s.store.Command(ctx, commandID(actor, key))
	if errors.Is(err, store.ErrNotFound) {
		return Result{}, false, nil
	}
	if err != nil {
		return Result{}, false, err
	}
	res, err := s.lookUp(ctx, Result{Command: cmd.ID, Process: cmd.ProcessID}, digest, true)
	return res, true, err
}

// lookUp reads what became of a stored command.
func (s *Service) lookUp(ctx context.Context, res Result, digest []byte, replay bool) (Result, error) {
	cmd, err := s.store.Command(ctx, res.Command)
	if err != nil {
		return res, err
	}
	if digest != nil && !bytes.Equal(cmd.BodyDigest, digest) {
		return res, ErrKeyReused
	}
	res.Process = cmd.ProcessID
	if cmd.Receipt == nil {
		return s.undecided(ctx, res)
	}
	return s.read(res, *cmd.Receipt, replay)
}

// undecided tells a command that waits for its turn from one that is parked as an incident.
func (s *Service) undecided(ctx context.Context, res Result) (Result, error) {
	var parked bool
	err := s.store.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT FROM incidents WHERE process_id = $1 AND event_id = $2 AND resolved_at IS NULL)`,
		res.Process, "cmd/"+res.Command.String()).Scan(&parked)
	switch {
	case err != nil:
		return res, store.Classify(err)
	case parked:
		return res, ErrParked
	}
	return res, ErrNotDecidedYet
}

func (s *Service) read(res Result, receipt string, replay bool) (Result, error) {
	s.advancer.hook(PointAnswer, res.Process)
	res.Replay = replay
	return res, decodeReceipt(receipt, &res.Receipt)
}

func decodeReceipt(text string, into *engine.Receipt) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("read receipt: %w", err)
	}
	return nil
}

// Receipt answers what became of a command.
func (s *Service) Receipt(ctx context.Context, command uuid.UUID) (Result, error) {
	res, err := s.lookUp(ctx, Result{Command: command}, nil, false)
	return res, s.kept(ctx, command, err)
}

// Withdraw deletes a command that is still held back.
func (s *Service) Withdraw(ctx context.Context, command uuid.UUID, actor string) (bool, error) {
	err := s.store.UndoCommand(ctx, command, actor)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// digestOf identifies the content of a request.
func digestOf(what string, version int, payload any) []byte {
	body, err := json.Marshal(payload)
	if err != nil {
		body = nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", what, version, body))
	return sum[:]
}
