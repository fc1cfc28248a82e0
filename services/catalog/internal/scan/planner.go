package scan

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Files is what planning needs of storage.
type Files interface {
	// In is the way to the files of one warehouse.
	In(warehouse string) objectstore.Store
}

// Planner plans scans. It is safe for concurrent use.
type Planner struct {
	files    Files
	settings Settings
	cache    *otter.Cache[string, sized]
	sealer   sealer
	slots    chan struct{}
	stops    stops
	measures measures
}

// New makes a planner that reads from files.
func New(files Files, settings Settings, log *slog.Logger) (*Planner, error) {
	settings = settings.withDefaults()
	cache, err := otter.New(&otter.Options[string, sized]{
		MaximumWeight: uint64(settings.CacheBytes),
		Weigher:       func(key string, v sized) uint32 { return uint32(min(len(key)+v.size(), 1<<31)) },
		StatsRecorder: stats.NewCounter(),
	})
	if err != nil {
		return nil, fmt.Errorf("make manifest cache: %w", err)
	}
	measures, err := measure(cache, telemetry.OrNone(settings.Meter))
	if err != nil {
		return nil, fmt.Errorf("measure planning: %w", err)
	}
	key := settings.Key
	if key == "" {
		log.Warn("no key for scan plans: a random one is used, which no other replica knows and a restart forgets")
		key = rand.Text()
	}
	p := &Planner{
		files: files, settings: settings, cache: cache, sealer: sealer{[]byte(key)},
		slots: make(chan struct{}, settings.Concurrency), measures: measures,
	}
	return p, p.stops.open()
}

// work runs with a slot and a deadline. Nothing was written where it fails with
// fault.Overloaded.
func (p *Planner) work(ctx context.Context, plan string, do func(context.Context) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		p.measures.rejected(ctx)
		return &fault.Error{Kind: fault.Overloaded, Message: fmt.Sprintf("%d scans are being planned already", p.settings.Concurrency), RetryAfter: time.Second}
	}
	ctx, cancel := context.WithTimeout(ctx, p.settings.Deadline)
	defer cancel()
	defer p.stops.begin(plan, cancel)()
	err := do(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil {
		return fault.Wrap(fault.Unavailable, err, "planning took longer than %s", p.settings.Deadline)
	}
	return err
}

// Plan writes a PlanTableScanResult.
func (p *Planner) Plan(ctx context.Context, w io.Writer, t Table, r Request) error {
	decoded, err := p.table(ctx, t)
	if err != nil {
		return err
	}
	s, err := decoded.resolve(r)
	if err != nil {
		return err
	}
	submitted := newTicket(submittedPlan, t.Warehouse, s, r)
	if files, _ := strconv.ParseInt(s.snapshot.Summary["total-data-files"], 10, 64); files >= p.settings.SubmitFiles {
		id, err := p.sealer.seal(submitted)
		if err != nil {
			return err
		}
		if len(id) <= maxPlanID {
			return writeStatus(w, "submitted", id)
		}
	}
	answered := submitted
	answered.Purpose, answered.Request = answeredPlan, Request{}
	id, err := p.sealer.seal(answered)
	if err != nil {
		return err
	}
	return p.complete(ctx, w, s, submitted, id)
}

// Fetch writes a FetchPlanningResult.
func (p *Planner) Fetch(ctx context.Context, w io.Writer, t Table, planID string) error {
	opened, decoded, err := p.open(ctx, t, planID, fault.NoSuchPlan, submittedPlan, answeredPlan)
	if err != nil {
		return err
	}
	if p.stops.isCancelled(string(opened.Plan)) {
		return writeStatus(w, "cancelled", "")
	}
	if opened.Purpose == answeredPlan {
		return fault.New(fault.NoSuchPlan, "plan-id is of a plan whose result was in the answer to its request")
	}
	s, err := resume(opened, decoded, fault.NoSuchPlan)
	if err != nil {
		return err
	}
	return p.complete(ctx, w, s, opened, "")
}

// Cancel ends a plan: work on it here stops, and its tasks are not served here
// any more. Other replicas hold nothing of it that would need to be let go.
func (p *Planner) Cancel(ctx context.Context, t Table, planID string) error {
	opened, _, err := p.open(ctx, t, planID, fault.NoSuchPlan, submittedPlan, answeredPlan)
	if err == nil {
		p.stops.cancel(string(opened.Plan))
	}
	return err
}

// Tasks writes a FetchScanTasksResult.
func (p *Planner) Tasks(ctx context.Context, w io.Writer, t Table, task string) error {
	opened, decoded, err := p.open(ctx, t, task, fault.NoSuchPlanTask, planTask)
	if err != nil {
		return err
	}
	if p.stops.isCancelled(string(opened.Plan)) {
		return fault.New(fault.NoSuchPlanTask, "plan-task is of a plan that was cancelled")
	}
	s, err := resume(opened, decoded, fault.NoSuchPlanTask)
	if err != nil {
		return err
	}
	return p.work(ctx, string(opened.Plan), func(ctx context.Context) error {
		list, err := p.listed(ctx, s)
		if err != nil {
			return err
		}
		_, deleted, err := s.divide(list)
		if err != nil {
			return err
		}
		data := make([]manifest, 0, len(opened.Manifests))
		for _, place := range opened.Manifests {
			if place < 0 || place >= len(list) {
				return fault.New(fault.Internal, "plan-task names manifest %d of %d", place, len(list))
			}
			data = append(data, list[place])
		}
		return p.writeFiles(ctx, newEncoder(w, s), data, deleted)
	})
}
