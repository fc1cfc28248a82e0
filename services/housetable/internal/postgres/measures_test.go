package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// TestRepeatsAndPoolAreMeasured has a rival make the same namespace, unseen until
// the commit has begun: the statement fails on the primary key and goes again.
func TestRepeatsAndPoolAreMeasured(t *testing.T) {
	url := pgtest.New(t, postgres.Migrate)
	reader := sdkmetric.NewManualReader()
	store := openAt(t, url, postgres.Options{Connections: 4, Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	rival, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rival.Close(context.Background()) }()
	run := func(text string) {
		t.Helper()
		if _, err := rival.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN")
	run(`INSERT INTO namespace (warehouse_id, database_key, database_id, properties, version) VALUES ('default', 'db', 'db', '{}', 1)`)
	done := make(chan housetable.Verdict, 1)
	go func() {
		verdicts, err := store.Commit(t.Context(), []housetable.Commit{{
			Warehouse: housetable.DefaultWarehouse, Operations: []housetable.Operation{{ID: housetable.UUID{1}}},
			Changes: []housetable.Change{housetable.CreateNamespace{DatabaseID: "db"}},
		}})
		if err != nil {
			t.Error(err)
		}
		done <- verdicts[0]
	}()
	awaitBlocked(t, rival)
	if used := measured(t, reader, "db.client.connection.count", attribute.String("db.client.connection.state", "used")); used != 1 {
		t.Errorf("%d connections are used, want 1", used)
	}
	run("COMMIT")
	if v, ok := (<-done).(housetable.Conflict); !ok {
		t.Errorf("verdict %#v, want a conflict", v)
	}
	if n := measured(t, reader, "igloo.housetable.commit.repeats", attribute.String("db.response.status_code", "23505")); n != 1 {
		t.Errorf("%d repeats, want 1", n)
	}
	if most := measured(t, reader, "db.client.connection.max"); most != 4 {
		t.Errorf("at most %d connections, want 4", most)
	}
}

// awaitBlocked waits until a statement waits for the transaction of conn.
func awaitBlocked(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		var blocked int
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'").Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
		if blocked > 0 {
			return
		}
	}
	t.Fatal("nothing waits for the rival")
}

// measured is a sum as it is now, of the point with exactly these attributes.
func measured(t *testing.T, reader sdkmetric.Reader, name string, attributes ...attribute.KeyValue) int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	want := attribute.NewSet(attributes...)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || m.Name != name {
				continue
			}
			for _, point := range sum.DataPoints {
				if point.Attributes.Equals(&want) {
					return point.Value
				}
			}
		}
	}
	return 0
}
