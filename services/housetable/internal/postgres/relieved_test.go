package postgres

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// relief is a store with a standby, and what it tells of it.
type relief struct {
	*Relieved

	primary, standby *pgtest.Cluster
	reader           *sdkmetric.ManualReader
	tables           []string
}

func newRelief(t *testing.T) *relief {
	t.Helper()
	pgtest.Binaries(t)
	primary, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Stop() })
	if err := Migrate(t.Context(), primary.URL("postgres")); err != nil {
		t.Fatal(err)
	}
	standby, err := primary.Standby(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Stop() })
	r := &relief{primary: primary, standby: standby, reader: sdkmetric.NewManualReader()}
	ask(t, primary.URL("postgres"), "ALTER SYSTEM RESET synchronous_standby_names")
	ask(t, primary.URL("postgres"), "SELECT pg_reload_conf()")
	r.Relieved = relieve(t, primary.URL("postgres"), standby.URL("postgres"), r.reader)
	r.commit(t, housetable.CreateNamespace{DatabaseID: "db"})
	return r
}

func relieve(t *testing.T, primary, standby string, reader *sdkmetric.ManualReader) *Relieved {
	t.Helper()
	o := Options{Connections: 4, Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))}
	s, err := Open(t.Context(), primary, o)
	if err != nil {
		t.Fatal(err)
	}
	relieved, err := Relieve(t.Context(), s, standby, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relieved.Close(); err != nil {
			t.Error(err)
		}
	})
	return relieved
}

func ask(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func (r *relief) commit(t *testing.T, change housetable.Change) {
	t.Helper()
	c := record(time.Now(), uint64(time.Now().UnixNano()))
	c.Changes = []housetable.Change{change}
	if verdicts, err := r.Commit(t.Context(), []housetable.Commit{c}); err != nil {
		t.Fatal(err)
	} else if _, ok := verdicts[0].(housetable.Committed); !ok {
		t.Fatalf("%#v", verdicts[0])
	}
}

// create makes a table, which a list must have at once.
func (r *relief) create(t *testing.T) {
	t.Helper()
	name := fmt.Sprintf("t%03d", len(r.tables))
	r.commit(t, housetable.CreateTable{Key: housetable.TableKey{DatabaseID: "db", TableID: name}, Kind: housetable.KindTable, MetadataLocation: "/1"})
	r.tables = append(r.tables, name)
	r.wantAll(t)
}

func (r *relief) wantAll(t *testing.T) {
	t.Helper()
	names, _, err := r.ListNames(t.Context(), housetable.TableQuery{
		Warehouse: housetable.DefaultWarehouse, DatabaseID: "db", Kind: housetable.KindTable, Page: housetable.Page{Limit: 1000},
	})
	if err != nil || !slices.Equal(names, r.tables) {
		t.Fatalf("a list of %q, %v, want %q", names, err, r.tables)
	}
}

// lists are how often a list came to an outcome.
func (r *relief) lists(t *testing.T, outcome string) (n int64) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			points, _ := m.Data.(metricdata.Sum[int64])
			for _, point := range points.DataPoints {
				if value, _ := point.Attributes.Value(attribute.Key("outcome")); m.Name == "igloo.housetable.standby.lists" && value.AsString() == outcome {
					n += point.Value
				}
			}
		}
	}
	return n
}

// until lists, all of them right, until one more has come to an outcome.
func (r *relief) until(t *testing.T, outcome string) {
	t.Helper()
	before := r.lists(t, outcome)
	for end := time.Now().Add(time.Minute); r.lists(t, outcome) == before; time.Sleep(10 * time.Millisecond) {
		if r.wantAll(t); time.Now().After(end) {
			t.Fatalf("no list was %s", outcome)
		}
	}
}

// TestListsComeFromTheStandby, with all that was committed before, while it has
// all; and from the primary whatever becomes of it.
func TestListsComeFromTheStandby(t *testing.T) {
	t.Parallel()
	r := newRelief(t)
	r.until(t, standbyServed)
	for range 30 {
		r.create(t)
	}
	r.until(t, standbyServed)
	var there bool
	r.resting.Store(0)
	err := r.read(t.Context(), func(ctx context.Context, s *Store) error {
		found, err := query(ctx, s, pgx.RowTo[bool], "ask", "SELECT pg_is_in_recovery()")
		there = err == nil && found[0]
		return err
	})
	if err != nil || !there {
		t.Errorf("a list ran on the standby: %t, %v", there, err)
	}
	for _, trouble := range []struct {
		name       string
		begin, end func() error
		outcome    string
	}{
		{"behind", r.onStandby(t, "SELECT pg_wal_replay_pause()"), r.onStandby(t, "SELECT pg_wal_replay_resume()"), standbyBehind},
		{"killed", r.standby.Kill, func() error { return r.standby.Restart(t.Context()) }, standbyFailed},
		{"silent", func() error { return r.standby.Signal(syscall.SIGSTOP) }, func() error { return r.standby.Signal(syscall.SIGCONT) }, standbyFailed},
		{"promoted", func() error { return r.standby.Promote(t.Context()) }, nil, standbyFailed},
	} {
		if err := trouble.begin(); err != nil {
			t.Fatalf("%s: %v", trouble.name, err)
		}
		for range 3 {
			r.create(t)
		}
		r.until(t, trouble.outcome)
		r.until(t, standbyResting)
		if trouble.end == nil {
			continue
		}
		if err := trouble.end(); err != nil {
			t.Fatalf("%s: %v", trouble.name, err)
		}
		r.until(t, standbyServed)
	}
}

func (r *relief) onStandby(t *testing.T, statement string) func() error {
	t.Helper()
	return func() error {
		ask(t, r.standby.URL("postgres"), statement)
		return nil
	}
}

// TestListsOfTheStandby: each list says what it says of the primary, and comes
// from the standby.
func TestListsOfTheStandby(t *testing.T) {
	t.Parallel()
	r := newRelief(t)
	r.until(t, standbyServed)
	r.create(t)
	r.create(t)
	key := housetable.TableKey{DatabaseID: "db", TableID: r.tables[0]}
	r.commit(t, housetable.DropTable{Key: key, Soft: true, PurgeAfterMS: 4_000_000_000_000})
	if _, _, err := r.PutJob(t.Context(), housetable.DefaultWarehouse, housetable.Job{JobID: "j"}, nil); err != nil {
		t.Fatal(err)
	}
	const house = housetable.DefaultWarehouse
	page := housetable.Page{Limit: 10}
	tables := housetable.TableQuery{Warehouse: house, DatabaseID: "db", Kind: housetable.KindTable, Page: page}
	gone := housetable.SoftDeletedQuery{Warehouse: house, DatabaseID: "db", Page: page}
	found, err := r.Tables(t.Context(), house, []housetable.TableKey{{DatabaseID: "db", TableID: r.tables[1]}})
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]func(housetable.Store) (any, error){
		"tables":             func(s housetable.Store) (any, error) { return firstOf(s.ListTables(t.Context(), tables)) },
		"names":              func(s housetable.Store) (any, error) { return firstOf(s.ListNames(t.Context(), tables)) },
		"count":              func(s housetable.Store) (any, error) { return s.CountTables(t.Context(), tables) },
		"soft-deleted":       func(s housetable.Store) (any, error) { return firstOf(s.ListSoftDeleted(t.Context(), gone)) },
		"count soft-deleted": func(s housetable.Store) (any, error) { return s.CountSoftDeleted(t.Context(), gone) },
		"namespaces": func(s housetable.Store) (any, error) {
			return firstOf(s.ListNamespaces(t.Context(), housetable.NamespaceQuery{Warehouse: house, Page: page}))
		},
		"count namespaces": func(s housetable.Store) (any, error) {
			return s.CountNamespaces(t.Context(), housetable.NamespaceQuery{Warehouse: house})
		},
		"jobs": func(s housetable.Store) (any, error) {
			return firstOf(s.ListJobs(t.Context(), housetable.JobQuery{Warehouse: house, Page: page}))
		},
		"history": func(s housetable.Store) (any, error) {
			versions, _, err := s.History(t.Context(), housetable.HistoryQuery{Warehouse: house, UUID: found[0].UUID, Limit: 10})
			return versions, err
		},
	} {
		want, err := list(r.Store)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for before := r.lists(t, standbyServed); r.lists(t, standbyServed) == before; {
			got, err := list(r.Relieved)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("%s: %v\n%s", name, err, diff)
			}
		}
	}
}

func firstOf[T any](items []T, _ string, err error) (any, error) { return items, err }
