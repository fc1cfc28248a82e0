package catalog

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// fromHouseTables names the source of a replay that no cache had.
const fromHouseTables = "housetable"

// waitBounds are those of the histogram of waits, in seconds.
var waitBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// measures tell how commits fare against one another and against lost answers.
type measures struct {
	rebases    metric.Int64Counter
	resends    metric.Int64Counter
	conflicts  metric.Int64Counter
	unknowns   metric.Int64Counter
	replays    metric.Int64Counter
	rejections metric.Int64Counter
	waits      metric.Float64Histogram
}

func newMeasures(meter metric.Meter) (m measures, _ error) {
	i := telemetry.NewInstruments(meter)
	m.rebases = i.Int64Counter("igloo.catalog.commit.rebases", "{attempt}", "Attempts of commits on a head that was new since the attempt before, which lost.")
	m.resends = i.Int64Counter("igloo.catalog.commit.resends", "{call}", "Calls that sent a commit to the house tables again, its answer being lost.")
	m.conflicts = i.Int64Counter("igloo.catalog.commit.conflicts", "{commit}", "Commits that the house tables refused for a conflict, by the reason of the first.")
	m.unknowns = i.Int64Counter("igloo.catalog.commit.unknown", "{commit}", "Commits whose answer was lost: resolved by sending them again, or told to the client as not known.")
	m.replays = i.Int64Counter("igloo.catalog.replays", "{request}", "Requests that were answered with what their key did before, by who knew it.")
	m.rejections = i.Int64Counter("igloo.catalog.rejections", "{request}", "Requests that were told to come again later, by why.")
	m.waits = i.Float64Histogram("igloo.catalog.replay.wait", "s", "How long requests waited for another under their key, of those that did.", waitBounds)
	if err := i.Err(); err != nil {
		return measures{}, err
	}
	m.begin(context.Background())
	return m, nil
}

// begin makes the series of what is rare: one that begins with its first event
// shows no rise.
func (m measures) begin(ctx context.Context) {
	for _, counter := range []metric.Int64Counter{m.rebases, m.resends} {
		counter.Add(ctx, 0)
	}
	for _, resolved := range []bool{false, true} {
		m.unknowns.Add(ctx, 0, resolvedly(resolved))
	}
	m.rejections.Add(ctx, 0, keyAtWork())
}

func resolvedly(resolved bool) metric.MeasurementOption {
	return metric.WithAttributes(attribute.Bool("resolved", resolved))
}

func keyAtWork() metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("reason", "key_at_work"))
}

func (m measures) conflict(ctx context.Context, r Reason) {
	m.conflicts.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", r.word())))
}

func (m measures) unknown(ctx context.Context, resolved bool) {
	m.unknowns.Add(ctx, 1, resolvedly(resolved))
}

func (m measures) replayed(ctx context.Context, source string) {
	m.replays.Add(ctx, 1, metric.WithAttributes(attribute.String("source", source)))
}

// rejected tells of a request whose key was at work for too long.
func (m measures) rejected(ctx context.Context) {
	m.rejections.Add(ctx, 1, keyAtWork())
}

func (m measures) waited(ctx context.Context, d time.Duration) { m.waits.Record(ctx, d.Seconds()) }

// word is how operators call a reason.
func (r Reason) word() string {
	switch r {
	case PointerMissing:
		return "table_missing"
	case PointerExists:
		return "table_exists"
	case PointerMoved:
		return "table_moved"
	case NamespaceMissing:
		return "namespace_missing"
	case NamespaceExists:
		return "namespace_exists"
	case NamespaceOccupied:
		return "namespace_not_empty"
	default:
		return "other"
	}
}
