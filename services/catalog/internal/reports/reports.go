// Package reports owns what becomes of metrics reports: OpenTelemetry metrics by
// table, and a record kept elsewhere.
//
// It promises that taking a report neither waits nor fails: records are kept off
// the request's path, in batches, from a queue that is bounded in number and in
// bytes. What the queue has no room for, or the keeper does not take, is counted
// and gone. It promises as well that the metrics tell few tables apart, however
// many are reported of.
package reports

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// What waits to be kept, at most.
const (
	queueReports = 4096
	queueBytes   = 16 << 20
)

// What is kept at once: a batch is a warehouse's, and is not waited for longer
// than its first report has been there.
const (
	batchReports = 500
	batchBytes   = 2 << 20
	batchEvery   = 500 * time.Millisecond
)

// How a keeper is called: a batch that it is away for is tried a few times.
const (
	keepTimeout = 5 * time.Second
	keepTries   = 5
	keepPause   = 500 * time.Millisecond
	// closeTimeout bounds what is kept yet when the process ends.
	closeTimeout = 3 * time.Second
)

// Keeper keeps reports.
type Keeper interface {
	// Keep keeps reports of one warehouse and returns how many there was a table
	// for. The same ones may be sent again. An error of kind Invalid is that of
	// those which were refused, and the others are kept.
	Keep(ctx context.Context, warehouse string, reports []catalog.Report) (int, error)
}

// Settings are the choices of an operator.
type Settings struct {
	// Tables is how many tables the metrics tell apart; the rest go under one name.
	Tables int
	// Meter, when set, is told of every report.
	Meter metric.Meter
}

// Queue is catalog.Reports.
type Queue struct {
	keeper   Keeper
	log      *slog.Logger
	measures *measures
	tables   *tables
	waiting  chan catalog.Report
	bytes    atomic.Int64
	closing  chan struct{}
	close    func()
	stop     context.CancelFunc
	done     sync.WaitGroup
}

var _ catalog.Reports = (*Queue)(nil)

// Open begins to take reports. Without a keeper they are measured and not kept.
func Open(keeper Keeper, settings Settings, log *slog.Logger) (*Queue, error) {
	q := &Queue{keeper: keeper, log: log, waiting: make(chan catalog.Report, queueReports), closing: make(chan struct{})}
	q.close = sync.OnceFunc(func() { close(q.closing) })
	var err error
	if q.measures, err = newMeasures(settings.Meter, q.waitingNow); err != nil {
		return nil, err
	}
	if q.tables, err = newTables(settings.Meter, settings.Tables); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	q.stop = cancel
	q.done.Go(func() { q.work(ctx) })
	return q, nil
}

func (q *Queue) waitingNow() (reports, bytes int64) { return int64(len(q.waiting)), q.bytes.Load() }

// Take implements catalog.Reports.
func (q *Queue) Take(ctx context.Context, r catalog.Report) {
	q.measures.took(ctx, r.Type)
	q.tables.tell(ctx, r)
	if q.keeper == nil {
		return
	}
	size := int64(len(r.Body))
	if q.bytes.Add(size) > queueBytes {
		q.bytes.Add(-size)
		q.measures.lost(ctx, queueFull, 1)
		return
	}
	r.Metrics = nil // told already
	select {
	case q.waiting <- r:
	default:
		q.bytes.Add(-size)
		q.measures.lost(ctx, queueFull, 1)
	}
}

// Close keeps what waits, as far as that is done soon, and ends.
func (q *Queue) Close() error {
	q.close()
	timer := time.AfterFunc(closeTimeout, q.stop)
	defer timer.Stop()
	q.done.Wait()
	q.stop()
	return nil
}

// work keeps batch after batch until the queue is closed and empty, or ctx ends.
func (q *Queue) work(ctx context.Context) {
	for {
		select {
		case first := <-q.waiting:
			q.keep(ctx, q.batch(ctx, first))
		case <-q.closing:
			if len(q.waiting) == 0 {
				return
			}
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// batch waits a while for what comes after the first, until there is enough.
func (q *Queue) batch(ctx context.Context, first catalog.Report) map[string][]catalog.Report {
	timer := time.NewTimer(batchEvery)
	defer timer.Stop()
	batch, size := map[string][]catalog.Report{first.Warehouse: {first}}, len(first.Body)
	for n := 1; n < batchReports && size < batchBytes; n++ {
		select {
		case r := <-q.waiting:
			batch[r.Warehouse] = append(batch[r.Warehouse], r)
			size += len(r.Body)
			continue
		default:
		}
		select {
		case r := <-q.waiting:
			batch[r.Warehouse] = append(batch[r.Warehouse], r)
			size += len(r.Body)
		case <-timer.C:
			return batch
		case <-q.closing:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// keep keeps a batch, a warehouse at a time, and gives its room back.
func (q *Queue) keep(ctx context.Context, batch map[string][]catalog.Report) {
	for warehouse, reports := range batch {
		kept, err := q.attempt(ctx, warehouse, reports)
		why := noTable
		if err != nil {
			why = keeperFailed
			q.log.WarnContext(ctx, "metrics reports are not kept", "warehouse", warehouse, "count", len(reports)-kept, "error", err)
		}
		q.measures.kept.Add(ctx, int64(kept))
		q.measures.lost(ctx, why, len(reports)-kept)
		for _, r := range reports {
			q.bytes.Add(-int64(len(r.Body)))
		}
	}
}

// attempt tries again what may go better later.
func (q *Queue) attempt(ctx context.Context, warehouse string, reports []catalog.Report) (kept int, err error) {
	for n := range keepTries {
		if n > 0 && q.pause(ctx, keepPause<<(n-1)) != nil {
			return 0, err
		}
		if kept, err = q.once(ctx, warehouse, reports); err == nil {
			return kept, nil
		}
		switch fault.KindOf(err) {
		case fault.Unavailable, fault.Overloaded, fault.UnknownOutcome:
		default:
			return kept, err
		}
	}
	return 0, err
}

func (q *Queue) once(ctx context.Context, warehouse string, reports []catalog.Report) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	return q.keeper.Keep(ctx, warehouse, reports)
}

// pause waits, and is cut short by the end: then one more try is all there is.
func (q *Queue) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-q.closing:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}
