package rpc

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// maxWatches is the most streams at a time: each asks the store at least once
	// in longestWait.
	maxWatches = 256
	// shortestWait lies between two looks while there is something to see, and
	// longestWait where nothing was for a while.
	shortestWait = 10 * time.Millisecond
	longestWait  = time.Second
	// lookTimeout ends a look that the store does not answer.
	lookTimeout = 10 * time.Second

	defaultBatchSize = 100
	maxBatchSize     = 500 // of the largest events there can be, and they fit into a message
)

// WatchEvents sends events as they come. A caller that does not keep up stops
// the stream in Send, and with it the looks into the store: at most one batch
// waits.
func (s *eventService) WatchEvents(r *htsv1.WatchEventsRequest, stream grpc.ServerStreamingServer[htsv1.WatchEventsResponse]) error {
	w, err := s.watch(r)
	if err != nil {
		return err
	}
	select {
	case s.watches <- struct{}{}:
		defer func() { <-s.watches }()
	default:
		e := fault.New(fault.Overloaded, "%d streams of events are open already, which is the most", maxWatches)
		e.RetryAfter = longestWait
		return e
	}
	if err := w.begin(stream.Context(), r); err != nil {
		return err
	}
	return w.run(stream)
}

// watch is one stream.
type watch struct {
	store  eventStore
	ending <-chan struct{}
	query  housetable.EventQuery
	wait   time.Duration
}

// watch checks the request.
func (s *eventService) watch(r *htsv1.WatchEventsRequest) (*watch, error) {
	w := &watch{store: s.store, ending: s.ending, wait: shortestWait, query: housetable.EventQuery{Limit: defaultBatchSize}}
	var err error
	w.query.Warehouse, err = warehouseOr(r.GetWarehouse())
	switch {
	case err != nil:
		return nil, err
	case r.GetPosition() != "" && r.GetConsumer() != "":
		return nil, fault.Field("position", "and consumer are both given, one is allowed")
	case r.GetBatchSize() < 0:
		return nil, fault.Field("batch_size", "must not be negative")
	case r.GetBatchSize() > 0:
		w.query.Limit = int(min(r.GetBatchSize(), maxBatchSize))
	}
	if r.GetConsumer() != "" {
		err = checkConsumer("consumer", r.GetConsumer())
	}
	if r.GetPosition() != "" {
		w.query.After, err = housetable.ParsePosition("position", r.GetPosition())
	}
	return w, err
}

// begin finds the position to begin at.
func (w *watch) begin(ctx context.Context, r *htsv1.WatchEventsRequest) error {
	earliest, err := w.store.EarliestPosition(ctx, w.query.Warehouse)
	if err != nil || r.GetPosition() != "" {
		return err
	}
	if r.GetConsumer() != "" {
		consumers, err := w.store.Consumers(ctx, w.query.Warehouse)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(consumers, func(c housetable.Consumer) bool { return c.Name == r.GetConsumer() })
		if at >= 0 {
			w.query.After = consumers[at].Position
			return nil
		}
	}
	if r.GetStart() == htsv1.Start_START_LATEST {
		return w.beginLatest(ctx)
	}
	w.query.After = earliest
	return nil
}

// beginLatest waits until nothing can come before the newest event any more.
func (w *watch) beginLatest(ctx context.Context) (err error) {
	var fence *housetable.Fence
	for {
		w.query.After, fence, err = w.store.LatestPosition(ctx, w.query.Warehouse, fence)
		if err != nil || fence == nil {
			return err
		}
		if err := w.pause(ctx); err != nil {
			return err
		}
	}
}

// run sends batches until the caller leaves or the server ends.
func (w *watch) run(stream grpc.ServerStreamingServer[htsv1.WatchEventsResponse]) error {
	ctx := stream.Context()
	if _, err := w.look(ctx); err != nil { // the position may have expired
		return err
	}
	if err := stream.Send(&htsv1.WatchEventsResponse{Position: w.query.After.String()}); err != nil {
		return err
	}
	for {
		events, err := w.look(ctx)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if err := stream.Send(batch(events)); err != nil {
				return err
			}
			w.query.After, w.wait = events[len(events)-1].Position, shortestWait
		}
		if len(events) == w.query.Limit {
			w.wait = 0 // more is there
		}
		if err := w.pause(ctx); err != nil {
			return err
		}
	}
}

// look asks the store once.
func (w *watch) look(ctx context.Context) (events []housetable.Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	events, w.query.Fence, err = w.store.Events(ctx, w.query)
	return events, err
}

// pause waits, longer each time.
func (w *watch) pause(ctx context.Context) error {
	timer := time.NewTimer(w.wait*3/4 + rand.N(w.wait/2+1)) //nolint:gosec // jitter
	defer timer.Stop()
	w.wait = min(max(w.wait*3/2, shortestWait), longestWait)
	select {
	case <-w.ending:
		e := fault.New(fault.Unavailable, "the server ends: watch again from the last position")
		e.RetryAfter = longestWait
		return e
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func batch(events []housetable.Event) *htsv1.WatchEventsResponse {
	response := &htsv1.WatchEventsResponse{Position: events[len(events)-1].Position.String()}
	for i := range events {
		response.Events = append(response.Events, toEvent(&events[i]))
	}
	return response
}
