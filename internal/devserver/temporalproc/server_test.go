package temporalproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"

	"steward/internal/devserver/postgres"
	"steward/internal/devserver/process"
)

// bed is a Postgres of the test's own and a Temporal on it.
type bed struct {
	test     *testing.T
	db       *postgres.Server
	temporal *Server
	opts     Options
}

func startPostgres(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	db, err := postgres.Start(t.Context(), postgres.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Stop(context.Background())) })
	return db
}

func pgFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "steward-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return filepath.Join(dir, "pg")
}

// realProgram is the development Temporal of this repository; building it for
// the first time takes minutes.
func realProgram(t *testing.T) string {
	t.Helper()
	root, err := FindRoot(".")
	require.NoError(t, err)
	path, err := Build(t.Context(), root, func(text string) { t.Log(text) })
	require.NoError(t, err)
	return path
}

func newBed(t *testing.T, opts Options) *bed {
	t.Helper()
	b := &bed{test: t, db: startPostgres(t, pgFolder(t)), opts: opts}
	b.opts.Program = realProgram(t)
	b.opts.PostgresURL = b.db.URL("postgres")
	b.start(t)
	return b
}

// start runs Temporal, on the same ports as the last time.
// It is stopped with the bed's test, not with a subtest that restarts it.
func (b *bed) start(t *testing.T) {
	t.Helper()
	server, err := Start(t.Context(), b.opts)
	require.NoError(t, err)
	b.test.Cleanup(func() { require.NoError(b.test, server.Stop(context.Background())) })
	b.temporal = server
	b.opts.Port, b.opts.UIPort = server.Port(), server.UIPort()
}

const queue, answer = "devserver-test", "answer"

// waitForAnswer is the smallest workflow that has to survive a crash.
func waitForAnswer(ctx workflow.Context) (string, error) {
	var text string
	workflow.GetSignalChannel(ctx, answer).Receive(ctx, &text)
	return text, nil
}

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address, Logger: quiet{}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func runWorker(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflow(waitForAnswer)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

func startWaiting(t *testing.T, c client.Client, id string) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: queue,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("StewardDefinition").ValueSet("test@1"),
			temporal.NewSearchAttributeKeyKeyword("StewardStep").ValueSet("wait"),
			temporal.NewSearchAttributeKeyKeyword("StewardStatus").ValueSet("open"),
			temporal.NewSearchAttributeKeyTime("StewardDue").ValueSet(time.Now()),
		),
	}, waitForAnswer)
	require.NoError(t, err)
	return run
}

// finish signals the workflow and expects its result; both calls are tried again
// while the server is coming back.
func finish(t *testing.T, c client.Client, run client.WorkflowRun) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.Eventually(t, func() bool {
		return c.SignalWorkflow(ctx, run.GetID(), run.GetRunID(), answer, "42") == nil
	}, time.Minute, 100*time.Millisecond)
	var got string
	require.NoError(t, run.Get(ctx, &got))
	require.Equal(t, "42", got)
}

func TestTemporalLife(t *testing.T) { //nolint:tparallel // the parts are one server's life, in order
	t.Parallel()
	b := newBed(t, Options{Retention: 48 * time.Hour})
	c := dial(t, b.temporal.Address())
	runWorker(t, c)

	described, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	require.NoError(t, err)
	require.Equal(t, 48*time.Hour, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	finish(t, c, startWaiting(t, c, "first"))
	require.Eventually(t, func() bool {
		found, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Query: "StewardDefinition = 'test@1' AND StewardStep = 'wait' AND StewardStatus = 'open' AND StewardDue > '2020-01-01T00:00:00Z'",
		})
		return err == nil && found.GetCount() == 1
	}, 30*time.Second, 100*time.Millisecond, "the search attributes can be searched")

	response, err := http.Get(b.temporal.UIAddress())
	require.NoError(t, err)
	page, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, string(page), "<html")

	t.Run("a second server on the same store is refused", func(t *testing.T) {
		_, err := Start(t.Context(), Options{Program: b.opts.Program, PostgresURL: b.opts.PostgresURL, NoUI: true})
		require.ErrorIs(t, err, ErrStart)
		require.ErrorContains(t, err, "another Temporal server already runs on these databases")
	})
	t.Run("a taken port is named", func(t *testing.T) {
		var inUse *process.PortInUseError
		opts := b.opts
		opts.PortPatience = time.Millisecond
		_, err := Start(t.Context(), opts)
		require.ErrorAs(t, err, &inUse)
		require.Equal(t, b.temporal.Port(), inUse.Port)
		out, err := exec.Command(b.opts.Program, "--postgres-url", b.opts.PostgresURL,
			"--port", "1", "--ui-port", "0", "--port", fmt.Sprint(b.temporal.Port())).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "in use by another program: stop that program or choose another port")
	})
	t.Run("a workflow survives kill -9", func(t *testing.T) {
		run := startWaiting(t, c, "survivor")
		require.NoError(t, b.temporal.Kill())
		require.ErrorContains(t, b.temporal.Err(), "signal: killed")
		b.start(t)
		finish(t, c, run)
	})
	t.Run("a port that is taken in between costs one more attempt", func(t *testing.T) {
		require.NoError(t, b.temporal.Kill())
		repository, told := b.opts.Program, filepath.Join(t.TempDir(), "told")
		b.opts.Program = program(t, unlucky(told, repository))
		b.start(t)
		b.opts.Program = repository
		require.FileExists(t, told)
		finish(t, c, startWaiting(t, c, "lucky"))
	})
	t.Run("a start right after a stop was asked for waits for the ports", func(t *testing.T) {
		run := startWaiting(t, c, "overlap")
		require.NoError(t, b.temporal.child.Signal(syscall.SIGTERM))
		b.start(t)
		finish(t, c, run)
	})
	t.Run("a workflow survives a clean stop", func(t *testing.T) {
		run := startWaiting(t, c, "stopped")
		began := time.Now()
		require.NoError(t, b.temporal.Stop(t.Context()))
		t.Log("stopped in", time.Since(began))
		require.NoError(t, b.temporal.Err())
		b.opts.Retention = 72 * time.Hour
		b.start(t)
		finish(t, c, run)
		described, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
		require.NoError(t, err)
		require.Equal(t, 72*time.Hour, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	})
}

// unlucky is a program that says, the first time, what Temporal says when a port of its own is taken; from then on it is the
// program with the given path.
func unlucky(told, path string) string {
	return fmt.Sprintf(`package main

import ("fmt"; "os"; "syscall")

func main() {
	if file, err := os.OpenFile(%q, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = file.Close()
		fmt.Fprintln(os.Stderr, "fatal\tFailed to start gRPC listener\t{\"error\": \"listen tcp 127.0.0.1:1: bind: address already in use\"}\nmain.main\n\t/main.go:1")
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, syscall.Exec(%q, os.Args, os.Environ()))
}
`, told, path)
}

func TestDroppedDatabasesAreMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t, Options{NoUI: true})
	require.Empty(t, b.temporal.UIAddress())
	c := dial(t, b.temporal.Address())
	startWaiting(t, c, "forgotten")
	require.NoError(t, b.temporal.Kill())

	conn, err := pgx.Connect(t.Context(), b.opts.PostgresURL)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, statement := range []string{
		"DROP DATABASE temporal WITH (FORCE)", "DROP DATABASE temporal_visibility WITH (FORCE)",
		"CREATE DATABASE temporal_new", // a start that was killed while it set up the schema
	} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	b.start(t)
	_, err = c.DescribeWorkflowExecution(t.Context(), "forgotten", "")
	require.ErrorContains(t, err, "not found")
	runWorker(t, c)
	finish(t, c, startWaiting(t, c, "new"))

	// A namespace made by hand, or by an earlier version, gets what is missing.
	_, err = c.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: "older", WorkflowExecutionRetentionPeriod: durationpb.New(time.Hour),
	})
	require.NoError(t, err)
	require.NoError(t, b.temporal.Stop(t.Context()))
	b.opts.Namespace = "older"
	b.start(t)
	c = dial(t, b.temporal.Address()) // the old connection may still be waiting before it tries again
	requireAttribute(t, c, "default")
	requireAttribute(t, c, "older")
}

func requireAttribute(t *testing.T, c client.Client, namespace string) {
	t.Helper()
	attributes, err := c.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	require.NoError(t, err)
	require.Equal(t, enumspb.INDEXED_VALUE_TYPE_DATETIME, attributes.GetCustomAttributes()["StewardDue"])
}

func TestTemporalComesThroughARestartOfPostgres(t *testing.T) {
	t.Parallel()
	dir := pgFolder(t)
	b := &bed{test: t, db: startPostgres(t, dir)}
	b.opts = Options{Program: realProgram(t), PostgresURL: b.db.URL("postgres"), NoUI: true}
	b.start(t)
	c := dial(t, b.temporal.Address())
	runWorker(t, c)
	run := startWaiting(t, c, "through")

	require.NoError(t, syscall.Kill(b.db.PID(), syscall.SIGKILL))
	<-b.db.Done()
	require.Error(t, b.db.Err())
	again := startPostgres(t, dir)
	require.Equal(t, b.opts.PostgresURL, again.URL("postgres"))
	finish(t, c, run)

	require.Eventually(t, func() bool { return lockHolders(t, again) == 1 }, 30*time.Second, 100*time.Millisecond,
		"the lock is taken again")
	_, err := Start(t.Context(), Options{Program: b.opts.Program, PostgresURL: b.opts.PostgresURL, NoUI: true})
	require.ErrorContains(t, err, "another Temporal server already runs on these databases")
}

func TestRoleThatCannotCreateDatabasesIsExplained(t *testing.T) {
	t.Parallel()
	db := startPostgres(t, pgFolder(t))
	conn, err := pgx.Connect(t.Context(), db.URL("postgres"))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "CREATE ROLE humble LOGIN PASSWORD 'humble'")
	require.NoError(t, err)
	_, err = Start(t.Context(), Options{
		Program: realProgram(t), NoUI: true,
		PostgresURL: "postgres://humble:humble@" + process.Address(db.Port()) + "/postgres?sslmode=disable",
	})
	require.ErrorIs(t, err, ErrStart)
	require.ErrorContains(t, err, "the role in --postgres-url must be able to create databases")
}

func lockHolders(t *testing.T, db *postgres.Server) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL("postgres"))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var count int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "+
		"AND database = (SELECT oid FROM pg_database WHERE datname = 'postgres')").Scan(&count))
	return count
}
