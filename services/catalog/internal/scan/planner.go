package scan

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Files is what planning needs of storage: an objectstore.Store has it.
type Files interface {
	// Read returns an object's bytes; objectstore.ErrNotFound when there is none.
	Read(ctx context.Context, location string) ([]byte, error)
}

// Settings are the choices of an operator.
type Settings struct {
	// Key signs plans and their tasks; all replicas must have the same. Without
	// one a random one is made, and a restart ends the plans there are.
	Key string
	// CacheBytes bounds the manifests kept in memory.
	CacheBytes int64
	// Concurrency bounds the plans that are worked on at once.
	Concurrency int
	// Deadline bounds the work on one request.
	Deadline time.Duration
	// TaskFiles is about how many files one answer has: a plan of more is parted
	// into tasks, by whole manifests.
	TaskFiles int
	// SubmitFiles is the size of a snapshot, in files, from which plans are
	// submitted and their answers fetched.
	SubmitFiles int64
}

func (s Settings) withDefaults() Settings {
	if s.CacheBytes <= 0 {
		s.CacheBytes = 32 << 20
	}
	if s.Concurrency <= 0 {
		s.Concurrency = 16
	}
	if s.Deadline <= 0 {
		s.Deadline = time.Minute
	}
	if s.TaskFiles <= 0 {
		s.TaskFiles = 2000
	}
	if s.SubmitFiles <= 0 {
		s.SubmitFiles = 1_000_000
	}
	return s
}

// maxCached is the largest manifest that is kept in memory.
func (s Settings) maxCached() int { return int(s.CacheBytes / 4) }

// Planner plans scans. It is safe for concurrent use.
type Planner struct {
	files    Files
	settings Settings
	cache    *otter.Cache[string, sized]
	sealer   sealer
	slots    chan struct{}
	stops    stops
}

// New makes a planner that reads from files.
func New(files Files, settings Settings, log *slog.Logger) (*Planner, error) {
	settings = settings.withDefaults()
	cache, err := otter.New(&otter.Options[string, sized]{
		MaximumWeight: uint64(settings.CacheBytes),
		Weigher:       func(key string, v sized) uint32 { return uint32(min(len(key)+v.size(), 1<<31)) },
	})
	if err != nil {
		return nil, fmt.Errorf("make manifest cache: %w", err)
	}
	key := settings.Key
	if key == "" {
		log.Warn("no key for scan plans: a random one is used, which no other replica knows and a restart forgets")
		key = rand.Text()
	}
	p := &Planner{files: files, settings: settings, cache: cache, sealer: sealer{[]byte(key)}, slots: make(chan struct{}, settings.Concurrency)}
	return p, p.stops.open()
}

// stops are the plans that were cancelled here, and those being worked on.
type stops struct {
	mutex     sync.Mutex
	cancelled *otter.Cache[string, struct{}]
	running   map[string]map[int]context.CancelFunc
	next      int
}

// maxCancelled bounds the plans remembered as cancelled.
const maxCancelled = 10_000

func (s *stops) open() (err error) {
	s.running = map[string]map[int]context.CancelFunc{}
	s.cancelled, err = otter.New(&otter.Options[string, struct{}]{
		MaximumSize: maxCancelled, ExpiryCalculator: otter.ExpiryWriting[string, struct{}](ticketLife),
	})
	if err != nil {
		return fmt.Errorf("make memory of cancelled plans: %w", err)
	}
	return nil
}

// begin notes work on a plan; the function it returns ends the note.
func (s *stops) begin(plan string, cancel context.CancelFunc) func() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.running[plan] == nil {
		s.running[plan] = map[int]context.CancelFunc{}
	}
	s.next++
	id := s.next
	s.running[plan][id] = cancel
	return func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if delete(s.running[plan], id); len(s.running[plan]) == 0 {
			delete(s.running, plan)
		}
	}
}

func (s *stops) cancel(plan string) {
	s.cancelled.Set(plan, struct{}{})
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, cancel := range s.running[plan] {
		cancel()
	}
}

func (s *stops) isCancelled(plan string) bool {
	_, cancelled := s.cancelled.GetIfPresent(plan)
	return cancelled
}

// work runs with a slot and a deadline. Nothing was written where it fails with
// fault.Overloaded.
func (p *Planner) work(ctx context.Context, plan string, do func(context.Context) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
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

func writeStatus(w io.Writer, status, id string) error {
	e := newEncoder(w, nil)
	e.text("status", status)
	if id != "" {
		e.text("plan-id", id)
	}
	e.b = append(e.b, '}')
	return e.flush()
}

// complete writes a completed result, under an id if there is one.
func (p *Planner) complete(ctx context.Context, w io.Writer, s *scan, t ticket, id string) error {
	return p.work(ctx, string(t.Plan), func(ctx context.Context) error {
		e := newEncoder(w, s)
		e.text("status", "completed")
		if id != "" {
			e.text("plan-id", id)
		}
		if s.empty {
			return e.end()
		}
		list, err := p.manifests(ctx, s.snapshot.ManifestList)
		if err != nil {
			return err
		}
		data, deleted, err := s.divide(list)
		if err != nil {
			return err
		}
		if parts := p.parts(s, data); len(parts) > 1 {
			return p.writeParts(e, t, parts)
		}
		return p.writeFiles(ctx, e, data, deleted)
	})
}

// parts groups manifests into tasks. Who wants a few rows gets files at once.
func (p *Planner) parts(s *scan, data []manifest) [][]int {
	if s.rows > 0 {
		return nil
	}
	var parts [][]int
	files := p.settings.TaskFiles
	for _, m := range data {
		if files >= p.settings.TaskFiles || files+m.files() > p.settings.TaskFiles*3/2 {
			parts, files = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], m.place)
		files += m.files()
	}
	return parts
}

func (p *Planner) writeParts(e *encoder, t ticket, parts [][]int) error {
	t.Purpose = planTask
	e.name("plan-tasks")
	for i, manifests := range parts {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		t.Manifests = manifests
		task, err := p.sealer.seal(t)
		if err != nil {
			return err
		}
		e.b = append(append(append(append(e.b, separator), '"'), task...), '"')
		if len(e.b) >= chunk {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	e.b = append(e.b, "]}"...)
	return e.flush()
}

// writeFiles writes the files of data manifests that the filter may match.
func (p *Planner) writeFiles(ctx context.Context, e *encoder, data, deleted []manifest) error {
	if len(data) == 0 {
		return e.end()
	}
	found, err := p.readDeletes(ctx, e.scan, deleted)
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, m := range data {
		spec, err := e.scan.spec(m)
		if err != nil {
			return err
		}
		for f, err := range p.entries(ctx, m, spec) {
			if err != nil {
				return err
			}
			sure, err := e.file(f, spec, found)
			if err != nil {
				return err
			}
			if rows += sure; e.scan.rows > 0 && rows >= e.scan.rows {
				return e.end()
			}
		}
	}
	return e.end()
}

// file writes a file that may match; its result is how many of its rows do for sure.
func (e *encoder) file(f *file, spec partitionSpec, found *deletes) (int64, error) {
	if !e.scan.wants(f) {
		return 0, nil
	}
	residual := spec.residual(e.scan.filter, f.partition)
	if residual.operator == never || !f.mayMatch(residual) {
		return 0, nil
	}
	applied := found.of(f)
	err := e.task(f, spec, applied, residual)
	if len(applied) > 0 || residual.operator != always {
		return 0, err
	}
	return f.records, err
}

// open reads a ticket of one of the purposes, which must be of the table.
func (p *Planner) open(ctx context.Context, t Table, text string, refused fault.Kind, purposes ...string) (ticket, *table, error) {
	opened, err := p.sealer.open(text)
	if err != nil {
		return ticket{}, nil, fault.Wrap(refused, err, "%s %s", noun(refused), errTicket)
	}
	decoded, err := p.table(ctx, t)
	if err != nil {
		return ticket{}, nil, err
	}
	fits := false
	for _, purpose := range purposes {
		fits = fits || opened.Purpose == purpose
	}
	if !fits || opened.Warehouse != t.Warehouse || opened.Table != decoded.uuid {
		return ticket{}, nil, fault.New(refused, "%s is not one of this table", noun(refused))
	}
	return opened, decoded, nil
}

func noun(kind fault.Kind) string {
	if kind == fault.NoSuchPlanTask {
		return "plan-task"
	}
	return "plan-id"
}

// resume is the scan that a ticket is of, on the snapshot that it was planned on.
func resume(t ticket, decoded *table, refused fault.Kind) (*scan, error) {
	r := t.Request
	if r.SnapshotID == nil && r.EndSnapshotID == nil && t.Snapshot != 0 {
		r.SnapshotID = &t.Snapshot
	}
	if _, kept := decoded.snapshots[t.Snapshot]; !kept && t.Snapshot != 0 {
		return nil, fault.New(refused, "%s is of snapshot %d, which the table has no more", noun(refused), t.Snapshot)
	}
	return decoded.resolveIn(r, &t.Schema)
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
		list, err := p.manifests(ctx, s.snapshot.ManifestList)
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
