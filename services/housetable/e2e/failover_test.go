package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	// writers of a table each, and of one table together.
	writers = 4
	// progress is how many commits make it sure that the service goes on.
	progress = 40
	// commitTimeout is when the service gives up on a commit, and patience when a
	// caller calls that a hang.
	commitTimeout = 3 * time.Second
	patience      = 30 * time.Second
)

// pair is a primary, a standby that its commits wait for, and two replicas of
// the service that know both.
type pair struct {
	primary, standby *pgtest.Cluster
	replicas         []*replica
}

func startPair(t *testing.T) *pair {
	t.Helper()
	pgtest.Binaries(t)
	primary, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	standby, err := primary.Standby(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	database := fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write",
		primary.Port, standby.Port)
	migrate(t, database)
	p := &pair{primary: primary, standby: standby}
	p.replicas = serve(t, 2, database, "--commit-timeout", commitTimeout.String())
	p.replicas[0].commit(t, newNamespace())
	p.replicas[0].commit(t, newTable("shared"))
	return p
}

// load is writers at work, and what they were told.
type load struct {
	t        *testing.T
	replicas []*replica
	stop     chan struct{}
	all      sync.WaitGroup

	acknowledged atomic.Int64
	failures     atomic.Int64

	mu sync.Mutex
	// commits that were acknowledged, by table.
	commits map[string]int64
	// created are the answers to creations that were sent once.
	created map[string]int
}

func startLoad(t *testing.T, replicas []*replica) *load {
	t.Helper()
	l := &load{t: t, replicas: replicas, stop: make(chan struct{}), commits: map[string]int64{}, created: map[string]int{}}
	for w := range writers {
		own := fmt.Sprint("t", w)
		replicas[0].commit(t, newTable(own))
		l.all.Go(func() { l.write(w, own, "shared") })
	}
	l.all.Go(l.create)
	l.all.Go(l.read)
	return l
}

func (l *load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// end lets every writer finish the commit that it is at.
func (l *load) end() {
	close(l.stop)
	l.all.Wait()
}

// goesOn waits until many more commits were acknowledged.
func (l *load) goesOn(what string) {
	l.t.Helper()
	from := l.acknowledged.Load()
	until(l.t, what, func() bool { return l.acknowledged.Load() >= from+progress })
}

// fails waits until a call failed that began after now.
func (l *load) fails(what string) {
	l.t.Helper()
	from := l.failures.Load()
	until(l.t, what, func() bool { return l.failures.Load() > from })
}

// write sends swaps that apply as often as they are let, each until it is
// acknowledged, by whichever replica.
func (l *load) write(writer int, tables ...string) {
	for n := 0; !l.stopped(); n++ {
		table := tables[n%len(tables)]
		r := request(swap(table, fmt.Sprintf("/%s/%d/%d", table, writer, n)))
		for try := writer + n; !l.commit(r, try); try++ {
			time.Sleep(20 * time.Millisecond)
		}
		l.mu.Lock()
		l.commits[table]++
		l.mu.Unlock()
		l.acknowledged.Add(1)
	}
}

// commit sends r once and reports whether it is acknowledged.
func (l *load) commit(r *htsv1.CommitRequest, try int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := htsv1.NewCommitServiceClient(l.replicas[try%len(l.replicas)].conn).Commit(ctx, r)
	switch {
	case err == nil && answer.GetConflict() != nil:
		l.t.Errorf("conflict without an expectation: %v", answer)
	case err == nil:
		return true
	case ctx.Err() != nil:
		l.t.Errorf("no answer for %s: %v", patience, err)
	}
	l.failures.Add(1)
	switch kind := fault.KindOf(fault.FromStatus(err, fault.Internal)); kind {
	case fault.Unavailable, fault.Overloaded, fault.UnknownOutcome:
	default:
		l.t.Errorf("commit: %v (%s)", err, kind)
	}
	return false
}

// create sends creations over REST, each once, and notes how each was answered.
func (l *load) create() {
	for n := 0; !l.stopped(); n++ {
		name := fmt.Sprint("c", n)
		c := create(name, "/"+name)
		status := l.ask(n, c)
		if status != http.StatusCreated && status < 500 {
			l.t.Errorf("create %s: %d", name, status)
		}
		l.mu.Lock()
		l.created[name] = status
		l.mu.Unlock()
	}
}

func (l *load) read() {
	for n := 0; !l.stopped(); n++ {
		if status := l.ask(n, call{http.MethodGet, "/hts/tables?databaseId=db&tableId=shared", ""}); status == http.StatusInternalServerError {
			l.t.Errorf("read: %d", status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// ask sends one call over REST. What is not a success is a 503 or a 429 with a
// time to come back, or the 500 of an unknown outcome.
func (l *load) ask(n int, c call) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := l.replicas[n%len(l.replicas)].do(ctx, c.method, c.target, c.body)
	if err != nil {
		l.t.Errorf("%s %s: %v", c.method, c.target, err)
		return http.StatusInternalServerError
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated:
		return response.StatusCode
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		if response.Header.Get("Retry-After") == "" {
			l.t.Errorf("%s %s: %d without Retry-After", c.method, c.target, response.StatusCode)
		}
	case http.StatusInternalServerError:
	default:
		l.t.Errorf("%s %s: %d", c.method, c.target, response.StatusCode)
	}
	l.failures.Add(1)
	return response.StatusCode
}

// check compares what the writers were told with what the database holds.
func (l *load) check(database *pgx.Conn) {
	l.t.Helper()
	versions := map[string]int64{}
	rows, err := database.Query(l.t.Context(), "SELECT table_id, version FROM house_table")
	if err != nil {
		l.t.Fatal(err)
	}
	var table string
	var version int64
	if _, err := pgx.ForEachRow(rows, []any{&table, &version}, func() error { versions[table] = version; return nil }); err != nil {
		l.t.Fatal(err)
	}
	for table, n := range l.commits {
		if versions[table] != n+1 {
			l.t.Errorf("%s: %d commits were acknowledged and its version is %d", table, n, versions[table])
		}
	}
	answers := map[int]int{}
	for name, status := range l.created {
		answers[status]++
		_, there := versions[name]
		if there && (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) || !there && status == http.StatusCreated {
			l.t.Errorf("%s was answered %d; it is there: %v", name, status, there)
		}
	}
	l.t.Logf("%d commits acknowledged, %d calls failed, creations by status: %v", l.acknowledged.Load(), l.failures.Load(), answers)
}

// TestFailover loses the primary under load. The standby takes over; the former
// primary comes back as its standby; then the server takes no writes for a
// while. The service is never restarted, and at the end every commit that was
// acknowledged was applied, once.
func TestFailover(t *testing.T) {
	p := startPair(t)
	l := startLoad(t, p.replicas)
	l.goesOn("commits on the primary")

	if err := p.primary.Stop(); err != nil {
		t.Fatal(err)
	}
	l.fails("a call fails without a primary")
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.goesOn("commits after the failover")

	back, err := p.standby.Standby(t.Context(), p.primary.Port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = back.Stop() })
	database := connect(t, p.standby)
	mustExec(t, database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'igloo-housetable'")
	l.goesOn("commits past the standby that is first in the URL")

	mustExec(t, database, "ALTER SYSTEM SET default_transaction_read_only = on")
	mustExec(t, database, "SELECT pg_reload_conf()")
	l.fails("a call fails on a server that takes no writes")
	mustExec(t, database, "ALTER SYSTEM RESET default_transaction_read_only")
	mustExec(t, database, "SELECT pg_reload_conf()")
	l.goesOn("commits once it takes writes again")

	l.end()
	l.check(database)
	for i, r := range p.replicas {
		select {
		case <-r.process.Done():
			t.Errorf("replica %d has ended", i)
		default:
		}
	}
}

func connect(t *testing.T, c *pgtest.Cluster) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func mustExec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
