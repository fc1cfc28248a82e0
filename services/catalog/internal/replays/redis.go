package replays

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// What Redis may cost a request, and how long it is left alone after it failed.
const (
	redisTimeout = 100 * time.Millisecond
	redisRest    = 500 * time.Millisecond
)

// How long a reservation lasts: as long as a commit may take. That of a process
// which is gone ends with its heartbeat.
const (
	reservation    = 40 * time.Second
	heartbeatEvery = 500 * time.Millisecond
	heartbeatLife  = 3 * heartbeatEvery
)

// publishers bounds the publications under way; more are not made.
const publishers = 64

// Redis is catalog.Replays for many processes. It needs Redis 7.
type Redis struct {
	client redis.UniversalClient
	epoch  *Epoch
	log    *slog.Logger
	// instance names this process to the others.
	instance uuid.UUID
	// livesUntil is when the others may think this process gone, and restsUntil
	// when the breaker closes again, both in nanoseconds.
	livesUntil atomic.Int64
	restsUntil atomic.Int64
	// away is whether it failed and has not answered a heartbeat since.
	away     atomic.Bool
	measures *measures
	slots    chan struct{}
	stop     context.CancelFunc
	working  sync.WaitGroup
}

var _ catalog.Replays = (*Redis)(nil)

// OpenRedis makes a cache over the Redis at url, and tells the meter, if there is
// one, whether it is used; it connects when first used,
// and a Redis that is away is no reason not to start.
func OpenRedis(url string, epoch *Epoch, meter metric.Meter, log *slog.Logger) (*Redis, error) {
	client, err := connect(url)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	if telemetry.Tracing() {
		client.AddHook(traced{})
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Redis{
		client: client, epoch: epoch, log: log, instance: uuid.New(),
		slots: make(chan struct{}, publishers), stop: cancel,
	}
	if r.measures, err = measure(r, meter); err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("measure Redis: %w", err), client.Close())
	}
	r.working.Go(func() { r.beat(ctx) })
	return r, nil
}

// Close waits for what is being published and disconnects.
func (r *Redis) Close() error {
	r.stop()
	r.working.Wait()
	return errors.Join(r.measures.breaker.Unregister(), r.client.Close())
}

// Name implements catalog.Replays.
func (r *Redis) Name() string { return "redis" }

// Reserve implements catalog.Replays: a look and a reservation in one round trip.
func (r *Redis) Reserve(ctx context.Context, claim catalog.Claim) catalog.Reservation {
	var known bool
	if claim.Epoch, known = r.epoch.Current(); !known || r.rests() {
		return catalog.Reservation{}
	}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	result, err := r.reserve(ctx, keyOf(claim), r.mark(claim))
	if err != nil {
		r.failed(ctx, err)
		return catalog.Reservation{}
	}
	result.Epoch = claim.Epoch
	return result
}

func (r *Redis) reserve(ctx context.Context, key string, mine mark) (catalog.Reservation, error) {
	// Without a heartbeat it would be taken over at once: at the start, and
	// after Redis was away.
	if !r.lives() {
		if err := r.beatOnce(ctx); err != nil {
			return catalog.Reservation{}, err
		}
	}
	found, err := r.client.SetArgs(ctx, key, mine.encode(), redis.SetArgs{Mode: "NX", Get: true, TTL: reservation}).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return catalog.Reservation{}, nil
	case err != nil:
		return catalog.Reservation{}, err
	}
	finished, other, err := decode(found)
	switch {
	case err != nil:
		return catalog.Reservation{}, err
	case finished != nil:
		return catalog.Reservation{Finished: finished}, nil
	case other.holder == mine.holder || r.takeOver(ctx, key, other, mine):
		return catalog.Reservation{}, nil
	}
	return catalog.Reservation{Busy: other.fingerprint}, nil
}

// takeOver takes the reservation of a process that is gone, unless another was
// faster. A process that only seems to be gone does no harm: the house tables
// take one outcome.
func (r *Redis) takeOver(ctx context.Context, key string, other, mine mark) bool {
	alive, err := r.client.Exists(ctx, heartbeatKey(other.instance)).Result()
	if err != nil || alive > 0 {
		return false
	}
	taken, err := swap.Run(ctx, r.client, []string{key}, other.encode(), mine.encode(), reservation.Milliseconds()).Int()
	return err == nil && taken == 1
}

// Publish implements catalog.Replays: it returns at once.
func (r *Redis) Publish(ctx context.Context, claim catalog.Claim, outcome catalog.Outcome) {
	value, err := encodeFinished(catalog.Finished{Fingerprint: claim.Fingerprint, Outcome: outcome})
	if err != nil {
		r.log.ErrorContext(ctx, "an outcome could not be published", "error", err)
		return
	}
	r.later(ctx, claim, func(ctx context.Context, key string) error {
		return r.client.Set(ctx, key, value, lifetime).Err()
	})
}

// Release implements catalog.Replays: it returns at once.
func (r *Redis) Release(ctx context.Context, claim catalog.Claim) {
	r.later(ctx, claim, func(ctx context.Context, key string) error {
		return remove.Run(ctx, r.client, []string{key}, r.mark(claim).encode()).Err()
	})
}

// later does something off the request's path, unless Redis is slow or away: the
// outcome is in the house tables anyway, and a reservation ends by itself.
func (r *Redis) later(ctx context.Context, claim catalog.Claim, do func(context.Context, string) error) {
	if claim.Epoch == "" || r.rests() {
		return
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return
	}
	r.working.Go(func() {
		defer func() { <-r.slots }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisTimeout)
		defer cancel()
		if err := do(ctx, keyOf(claim)); err != nil {
			r.failed(ctx, err)
		}
	})
}

// beat tells the others that this process lives.
func (r *Redis) beat(ctx context.Context) {
	ticker := time.NewTicker(heartbeatEvery)
	defer ticker.Stop()
	for {
		if !r.rests() {
			if err := r.beatOnce(ctx); err != nil {
				r.failed(ctx, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (r *Redis) beatOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	until := time.Now().Add(heartbeatLife)
	if err := r.client.Set(ctx, heartbeatKey(r.instance), "1", heartbeatLife).Err(); err != nil {
		return err
	}
	r.livesUntil.Store(until.UnixNano())
	r.away.Store(false)
	return nil
}

// lives reports whether the others can see the heartbeat.
func (r *Redis) lives() bool { return time.Now().UnixNano() < r.livesUntil.Load() }

func keyOf(claim catalog.Claim) string { return "igloo:operation:" + name(claim.Epoch, claim) }

func heartbeatKey(instance uuid.UUID) string { return "igloo:instance:" + instance.String() }

// rests reports whether the breaker is open.
func (r *Redis) rests() bool { return time.Now().UnixNano() < r.restsUntil.Load() }

// failed opens the breaker, and says so once each time it does.
func (r *Redis) failed(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return // whoever asked is gone
	}
	r.away.Store(true)
	until := time.Now().Add(redisRest).UnixNano()
	if old := r.restsUntil.Swap(until); old < time.Now().UnixNano() {
		r.measures.openings.Add(ctx, 1)
		r.log.WarnContext(ctx, "Redis failed: going on without", "for", redisRest, "error", err)
	}
}
