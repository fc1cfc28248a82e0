package replays

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// What Redis may cost a request, and how long it is left alone after it failed.
const (
	redisTimeout = 100 * time.Millisecond
	redisRest    = 500 * time.Millisecond
)

// publishers bounds the publications under way; more are not made.
const publishers = 64

// Redis is catalog.Replays for many processes.
type Redis struct {
	client redis.UniversalClient
	log    *slog.Logger
	// restsUntil is when the breaker closes again, in nanoseconds.
	restsUntil atomic.Int64
	slots      chan struct{}
	publishing sync.WaitGroup
}

var _ catalog.Replays = (*Redis)(nil)

// OpenRedis makes a cache over the Redis at url; it connects when first used,
// and a Redis that is away is no reason not to start.
func OpenRedis(url string, log *slog.Logger) (*Redis, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	options.DialTimeout = redisTimeout
	options.ReadTimeout = redisTimeout
	options.WriteTimeout = redisTimeout
	options.PoolTimeout = redisTimeout
	options.MaxRetries = -1
	options.ContextTimeoutEnabled = true
	return &Redis{client: redis.NewClient(options), log: log, slots: make(chan struct{}, publishers)}, nil
}

// Close waits for what is being published and disconnects.
func (r *Redis) Close() error {
	r.publishing.Wait()
	return r.client.Close()
}

// Lookup implements catalog.Replays.
func (r *Redis) Lookup(ctx context.Context, warehouse string, id uuid.UUID) *catalog.Finished {
	if r.rests() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	data, err := r.client.Get(ctx, redisKey(warehouse, id)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	var finished catalog.Finished
	if err == nil {
		err = json.Unmarshal(data, &finished)
	}
	if err != nil {
		r.failed(ctx, err)
		return nil
	}
	return &finished
}

// Publish implements catalog.Replays: it returns at once.
func (r *Redis) Publish(ctx context.Context, warehouse string, id uuid.UUID, finished catalog.Finished) {
	if r.rests() {
		return
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return // Redis is slow; the outcome is in the house tables anyway
	}
	r.publishing.Go(func() {
		defer func() { <-r.slots }()
		r.publish(context.WithoutCancel(ctx), redisKey(warehouse, id), finished)
	})
}

func (r *Redis) publish(ctx context.Context, key string, finished catalog.Finished) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	data, err := json.Marshal(finished)
	if err == nil {
		err = r.client.Set(ctx, key, data, lifetime).Err()
	}
	if err != nil {
		r.failed(ctx, err)
	}
}

// rests reports whether the breaker is open.
func (r *Redis) rests() bool { return time.Now().UnixNano() < r.restsUntil.Load() }

// failed opens the breaker, and says so once each time it does.
func (r *Redis) failed(ctx context.Context, err error) {
	until := time.Now().Add(redisRest).UnixNano()
	if old := r.restsUntil.Swap(until); old < time.Now().UnixNano() {
		r.log.WarnContext(ctx, "Redis failed: going on without", "for", redisRest, "error", err)
	}
}

func redisKey(warehouse string, id uuid.UUID) string { return "igloo:replay:" + name(warehouse, id) }
