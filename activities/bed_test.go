package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/devserver/temporalproc"
	"steward/internal/store"
	"steward/internal/storetest"
	"steward/workflows"
	"steward/workflows/engine"
)

const (
	patience = 20 * time.Second
	tick     = 10 * time.Millisecond
)

// house is the development Temporal that the tests of this package share, on the server of storetest. Every run has a namespace
// of its own, so that it never meets the workflows of an earlier one.
type house struct {
	mu        sync.Mutex
	server    *temporalproc.Server
	namespace string
}

var shared = &house{namespace: "test-" + uuid.NewString()}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Stop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// address starts the server at first use.
func (h *house) address(t *testing.T) string {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		return h.server.Address()
	}
	root, err := temporalproc.FindRoot(".")
	require.NoError(t, err)
	maintenance, err := url.Parse(storetest.NewEmptyURL(t))
	require.NoError(t, err)
	maintenance.Path = "/postgres"
	h.server, err = temporalproc.Start(t.Context(), temporalproc.Options{
		Root: root, PostgresURL: maintenance.String(), NoUI: true, Namespace: h.namespace,
		Progress: func(text string) { t.Log(text) },
	})
	require.NoError(t, err)
	return h.server.Address()
}

// bed is a database and a task queue of the test's own on the shared Temporal.
type bed struct {
	store  *store.Store
	client client.Client
	queue  string
	log    *slog.Logger
}

func newBed(t *testing.T) *bed {
	t.Helper()
	return &bed{store: storetest.New(t), client: dial(t, shared.address(t)), queue: uuid.NewString(), log: quiet()}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.NewLazyClient(client.Options{HostPort: address, Namespace: shared.namespace, Logger: sdklog.NewStructuredLogger(quiet())})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func (b *bed) nudger(opts activities.NudgerOptions) *activities.Nudger {
	opts.TaskQueue = b.queue
	return activities.NewNudger(b.client, b.store, b.log, opts)
}

// inBackground runs a service until the test ends, or the returned function is called, and waits for its end.
func inBackground(t *testing.T, run func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var service sync.WaitGroup
	service.Go(func() { run(ctx) })
	stop = func() {
		cancel()
		service.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// eventually awaits a condition.
func eventually(t *testing.T, condition func() bool, message string, args ...any) {
	t.Helper()
	require.Eventually(t, condition, patience, tick, append([]any{message}, args...)...)
}

// scan reads one value from the database.
func scan[T any](t *testing.T, st *store.Store, sql string, args ...any) (value T) {
	t.Helper()
	require.NoError(t, st.Pool().QueryRow(t.Context(), sql, args...).Scan(&value))
	return value
}

func (b *bed) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	return scan[int](t, b.store, "SELECT count(*) FROM "+sql, args...)
}

// history reads the events of a workflow's current run; none when it does not exist.
func (b *bed) history(t *testing.T, process uuid.UUID) []*historypb.HistoryEvent {
	t.Helper()
	var events []*historypb.HistoryEvent
	iter := b.client.GetWorkflowHistory(t.Context(), process.String(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iter.HasNext() {
		event, err := iter.Next()
		if err != nil {
			return nil
		}
		events = append(events, event)
	}
	return events
}

// told answers the input that the workflow was started with and the nudges that it was sent.
func (b *bed) told(t *testing.T, process uuid.UUID) (workflows.Input, []*workflows.Effects) {
	t.Helper()
	var input workflows.Input
	var nudges []*workflows.Effects
	convert := converter.GetDefaultDataConverter()
	for _, e := range b.history(t, process) {
		if started := e.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			require.NoError(t, convert.FromPayloads(started.GetInput(), &input))
		}
		if signal := e.GetWorkflowExecutionSignaledEventAttributes(); signal != nil {
			var effects *workflows.Effects
			require.NoError(t, convert.FromPayloads(signal.GetInput(), &effects))
			nudges = append(nudges, effects)
		}
	}
	return input, nudges
}

func (b *bed) status(t *testing.T, process uuid.UUID) enumspb.WorkflowExecutionStatus {
	t.Helper()
	answer, err := b.client.DescribeWorkflowExecution(t.Context(), process.String(), "")
	if err != nil {
		return enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	}
	return answer.GetWorkflowExecutionInfo().GetStatus()
}

// visit is a definition with one task.
const visit = `
process: visit
name: { zh: 来访, en: Visit }
outcomes: [done]
input: { type: object, properties: { note: { type: string } } }
steps:
  - { id: greet, uses: task, assign: starter }
  - { end: done }
`

// stack is the real thing on a bed: definition, engine, transaction, commands, and a worker when asked for.
type stack struct {
	*bed
	advancer *advance.Advancer
	service  *advance.Service
}

func newStack(t *testing.T, mode advance.Mode, nudge advance.Nudge, away func() bool, b *bed) *stack {
	t.Helper()
	bundle := definitions.Bundle{Name: "visit.yaml", Source: visit}
	registry := definitions.NewRegistry(definitions.Builtin()...)
	_, problems := definitions.Compile(bundle, registry)
	require.Empty(t, problems)
	text := fmt.Sprintf(`{"name": "visit.yaml", "source": %q, "files": {}}`, visit)
	_, _, err := b.store.PublishDefinition(t.Context(), store.NewDefinition{ID: "visit", Digest: bundle.Digest(), Bundle: text, PublishedBy: "ann"})
	require.NoError(t, err)
	_, err = b.store.Pool().Exec(t.Context(), `INSERT INTO users (id, name) VALUES ('ann', 'Ann')`)
	require.NoError(t, err)
	receipts := store.NewReceipts(b.store)
	inBackground(t, func(ctx context.Context) { _ = receipts.Run(ctx) })
	advancer := advance.New(b.store, engine.New(engine.DefaultLimits, nil), advance.NewCatalog(b.store, registry), advance.NewCalendars(b.store),
		store.NewAnnouncer(b.store, receipts).Announce, nudge, b.log)
	return &stack{bed: b, advancer: advancer, service: advance.NewService(advancer, receipts, mode, away, 100*time.Millisecond)}
}

// work runs a worker of the process's workflow until the test ends.
func (s *stack) work(t *testing.T) {
	t.Helper()
	w := worker.New(s.client, s.queue, worker.Options{})
	w.RegisterWorkflowWithOptions(workflows.Process, workflow.RegisterOptions{Name: workflows.ProcessWorkflow})
	processes := &activities.Processes{Advancer: s.advancer}
	w.RegisterActivityWithOptions(processes.Advance, activity.RegisterOptions{Name: workflows.AdvanceActivity})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// start starts a process and answers its id.
func (s *stack) start(t *testing.T) uuid.UUID {
	t.Helper()
	res, err := s.service.Start(t.Context(), advance.Start{Definition: "visit", Input: map[string]any{}, Actor: "ann", Key: uuid.NewString()})
	require.NoError(t, err)
	require.NotEqual(t, "refused", res.Receipt.Status, res.Receipt.Message)
	return res.Process
}

// never is a Temporal that is not away.
func never() bool { return false }

// lose is a nudge that never arrives.
func lose(context.Context, uuid.UUID, advance.Effects) {}

// age makes everything that is unsettled look a minute older.
func (b *bed) age(t *testing.T) {
	t.Helper()
	for _, sql := range []string{
		`UPDATE processes SET unsettled_since = unsettled_since - interval '1 minute'`,
		`UPDATE commands SET received_at = received_at - interval '1 minute' WHERE settled_at IS NULL`,
	} {
		_, err := b.store.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

// lines collects what a service logs.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
