package objectstore_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/objectstoretest"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
)

func measure(t *testing.T, meters *telemetry.Meters, folder string) objectstore.Store {
	t.Helper()
	store, err := objectstore.Measure(openLocal(t, folder), "file", meters.Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func newMeters(t *testing.T) *telemetry.Meters {
	t.Helper()
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	return meters
}

// Being measured changes nothing.
func TestMeasuredIsAStore(t *testing.T) {
	meters := newMeters(t)
	objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
		t.Helper()
		dir := t.TempDir()
		return measure(t, meters, dir), "file://" + dir + "/"
	})
}

// use does each operation, and some that fail.
func use(ctx context.Context, t *testing.T, store objectstore.Store, prefix string) {
	t.Helper()
	for range 2 {
		_ = store.Create(ctx, prefix+"a", []byte("four"))
	}
	for _, name := range []string{"a", "none"} {
		_, _ = store.Read(ctx, prefix+name)
		_, _ = store.Stat(ctx, prefix+name)
	}
	for range store.List(ctx, prefix) {
		break
	}
	_ = store.Delete(ctx, prefix+"a", "s3://elsewhere/x")
	_ = store.Delete(ctx, prefix+"a")
}

func TestOperationsAreMeasured(t *testing.T) {
	meters, dir := newMeters(t), t.TempDir()
	use(t.Context(), t, measure(t, meters, dir), "file://"+dir+"/")
	found := telemetrytest.Read(t, telemetry.Scrape(meters))
	for _, want := range []struct {
		operation, outcome string
	}{
		{"create", "ok"},
		{"create", "exists"},
		{"read", "ok"},
		{"read", "not_found"},
		{"stat", "ok"},
		{"stat", "not_found"},
		{"list", "ok"},
		{"delete", "refused"},
		{"delete", "ok"},
	} {
		labels := []string{"store", "file", "operation", want.operation, "outcome", want.outcome}
		if n := found.Sum("igloo_storage_operation_duration_seconds_count", labels...); n != 1 {
			t.Errorf("%+v: %v", want, n)
		}
	}
	for _, direction := range []string{"read", "written"} {
		if n := found.Sum("igloo_storage_size_bytes_total", "direction", direction); n != 4 {
			t.Errorf("%v bytes were %s", n, direction)
		}
	}
}

func TestOperationsAreTraced(t *testing.T) {
	before, seen := otel.GetTracerProvider(), tracetest.NewSpanRecorder()
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(seen))
	otel.SetTracerProvider(provider)
	dir := t.TempDir()
	store := measure(t, newMeters(t), dir)
	if _ = store.Create(t.Context(), "file://"+dir+"/nobodys", nil); len(seen.Started()) > 0 {
		t.Error("what nobody asked for is traced")
	}
	ctx, request := provider.Tracer("").Start(t.Context(), "request")
	use(ctx, t, store, "file://"+dir+"/")
	request.End()
	failed := 0
	for _, span := range seen.Ended() {
		if span.Status().Code == codes.Error {
			failed++
		}
	}
	if len(seen.Ended()) != 10 || len(seen.Started()) != 10 || failed != 4 {
		t.Errorf("%d spans began, %d ended, %d of them with a failure", len(seen.Started()), len(seen.Ended()), failed)
	}
}
