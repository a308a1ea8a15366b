package bench

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/devserver/postgres"
	"steward/internal/devserver/temporalproc"
)

func TestZZ(t *testing.T) {
	if os.Getenv("ZZ") == "" {
		t.Skip()
	}
	ctx := context.Background()
	dir := "/tmp/h12zz"
	db, err := postgres.Start(ctx, postgres.Options{Dir: dir + "/pg", Fresh: true, MaxConnections: 300})
	require.NoError(t, err)
	s := &Stack{Dir: dir}
	q := func(sql string) error {
		return s.query(ctx, func(c *pgx.Conn) error { _, err := c.Exec(ctx, sql); return err })
	}
	s.ServerURL = db.URL("postgres")
	require.NoError(t, q("ALTER SYSTEM SET shared_preload_libraries='pg_stat_statements'"))
	require.NoError(t, db.Stop(ctx))
	db, err = postgres.Start(ctx, postgres.Options{Dir: dir + "/pg", MaxConnections: 300})
	require.NoError(t, err)
	defer db.Stop(ctx)
	s.ServerURL, s.postgresPID = db.URL("postgres"), db.PID()
	s.database = func(ctx context.Context, name string) (string, error) { return db.URL(name), db.CreateDatabase(ctx, name) }
	require.NoError(t, q("CREATE EXTENSION pg_stat_statements"))
	require.NoError(t, q("ALTER SYSTEM SET pg_stat_statements.track_planning=on"))
	require.NoError(t, q("SELECT pg_reload_conf()"))
	s.Root, err = temporalproc.FindRoot(".")
	require.NoError(t, err)
	tp, err := temporalproc.Start(ctx, temporalproc.Options{Root: s.Root, PostgresURL: s.ServerURL, NoUI: true})
	require.NoError(t, err)
	defer tp.Stop(ctx)
	s.Temporal, s.temporalPID = tp.Address(), tp.PID()
	site := &Site{Plan: Quick(), Stack: s, Report: NewReport(os.Stdout, os.Stderr, Machine{})}
	require.NoError(t, site.Open(ctx))
	defer site.Close()
	for _, v := range []variant{
		{"baseline", 0, site.Baseline.Course},
		{"workflow-direct", 0, site.Houses[advance.ModeWorkflow].Course},
		{"workflow-http", 0, site.Webs[advance.ModeWorkflow].Course},
		{"api-http", 0, site.Webs[advance.ModeAPI].Course},
	} {
		require.NoError(t, site.quiet(ctx))
		_, err := run(ctx, 32, time.Second, v.one)
		require.NoError(t, err)
		require.NoError(t, site.quiet(ctx))
		require.NoError(t, q("SELECT pg_stat_statements_reset()"))
		f, _ := os.Create("/tmp/zz-" + v.name + ".prof")
		pprof.StartCPUProfile(f)
		got, err := site.metered(ctx, 6*time.Second, v.one)
		pprof.StopCPUProfile()
		f.Close()
		require.NoError(t, err)
		fmt.Printf("\n### %s: %.1f/s ended %d %s; %s\n", v.name, got.Rate, got.Ended, stepTimes(got.Steps), got.Cost.per(got.Ended))
		s.query(ctx, func(c *pgx.Conn) error {
			rows, err := c.Query(ctx, fmt.Sprintf(`SELECT d.datname, round(calls/%d.0,2)::text n, round((total_exec_time/%d)::numeric,3)::text ms, round((total_plan_time/%d)::numeric,3)::text plan, left(regexp_replace(query,'\s+',' ','g'),110)
 FROM pg_stat_statements s JOIN pg_database d ON d.oid=s.dbid WHERE datname NOT LIKE 'temporal%%' AND datname <> 'postgres' ORDER BY total_exec_time+total_plan_time DESC LIMIT 32`, got.Ended, got.Ended, got.Ended))
			require.NoError(t, err)
			for rows.Next() {
				v, _ := rows.Values()
				n, _ := v[1].(interface{ Float64Value() (any, error) })
				_ = n
				fmt.Printf("%v\n", v2(v))
			}
			var calls, ms float64
			c.QueryRow(ctx, fmt.Sprintf(`SELECT sum(calls)/%d.0::float8, sum(total_exec_time+total_plan_time)/%d FROM pg_stat_statements s JOIN pg_database d ON d.oid=s.dbid WHERE datname LIKE 'temporal%%'`, got.Ended, got.Ended)).Scan(&calls, &ms)
			fmt.Printf("temporal: %.1f statements %.2f ms\n", calls, ms)
			return rows.Err()
		})
	}
}

func v2(v []any) string {
	s := ""
	for _, x := range v {
		if dv, ok := x.(interface{ Value() (any, error) }); ok {
			y, _ := dv.Value()
			x = y
		}
		if valuer, ok := x.(fmt.Stringer); ok {
			x = valuer.String()
		}
		s += fmt.Sprint(x) + " | "
	}
	return s
}
