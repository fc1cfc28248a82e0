package removal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Settings are the choices of an operator.
type Settings struct {
	// PurgeInterval is how often purges are looked for; 0 means never.
	PurgeInterval time.Duration
	// DeleteRate is how many files a second are deleted at most.
	DeleteRate int
	// Lease is how long a purge is another's to go on with after this process
	// fell silent; a second at least.
	Lease time.Duration
	// RetryDelay is how long a purge that failed waits at first; each time it is
	// twice as long.
	RetryDelay time.Duration
	// OrphanInterval is how often metadata files that nothing names are looked
	// for; 0 means never.
	OrphanInterval time.Duration
	// OrphanAge is how old such a file must be.
	OrphanAge time.Duration
	// WholeWarehouses has all files below the roots of the warehouses looked
	// through, not the folders of live tables alone: for roots that nobody else
	// keeps tables in.
	WholeWarehouses bool
	// OverlappingLocations is set where tables may lie in one another.
	OverlappingLocations bool
	// Meter, when set, is told what was done.
	Meter metric.Meter
	// Root is where the tables of a warehouse lie.
	Root func(catalog.Warehouse) string
}

func (s Settings) withDefaults() Settings {
	if s.DeleteRate <= 0 {
		s.DeleteRate = 1000
	}
	if s.Lease <= 0 {
		s.Lease = time.Minute
	}
	if s.RetryDelay <= 0 {
		s.RetryDelay = 10 * time.Second
	}
	return s
}

// metadataFile is one of a warehouse's.
type metadataFile struct{ warehouse, location string }

// knownBytes bounds what is remembered of where tables lie.
const knownBytes = 16 << 20

// Remover deletes files in the background, until it is closed.
type Remover struct {
	pointers catalog.Pointers
	jobs     catalog.Jobs
	files    catalog.Files
	settings Settings
	log      *slog.Logger
	// lies remembers where a metadata file says that its table lies: such a file
	// never changes.
	lies   *otter.Cache[metadataFile, string]
	unheld unheld
	away   away
	counts counts
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Start begins to look for work, which outlives ctx: Close ends it.
func Start(ctx context.Context, pointers catalog.Pointers, jobs catalog.Jobs, files catalog.Files, settings Settings, log *slog.Logger) (*Remover, error) {
	r := &Remover{pointers: pointers, jobs: jobs, files: files, settings: settings.withDefaults(), log: log}
	r.away = away{first: r.settings.RetryDelay, known: map[string]absence{}}
	if err := errors.Join(r.counts.measure(settings.Meter), r.away.measure(settings.Meter)); err != nil {
		return nil, fmt.Errorf("measure what is deleted: %w", err)
	}
	var err error
	r.lies, err = otter.New(&otter.Options[metadataFile, string]{
		MaximumWeight: knownBytes,
		Weigher: func(file metadataFile, location string) uint32 {
			return uint32(len(file.warehouse) + len(file.location) + len(location) + 100)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make memory of locations: %w", err)
	}
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.loop(ctx, "purge of dropped tables", settings.PurgeInterval, r.purges)
	r.loop(ctx, "sweep of metadata files", settings.OrphanInterval, r.sweep)
	return r, nil
}

// Close ends the work: a purge that is under way goes back to be claimed again.
func (r *Remover) Close() error {
	r.cancel()
	r.done.Wait()
	return nil
}

// loop does a round over and over, with pauses that are never quite equal.
func (r *Remover) loop(ctx context.Context, what string, every time.Duration, round func(context.Context) error) {
	if every <= 0 {
		return
	}
	r.done.Go(func() {
		for pause.For(ctx, every*9/10+rand.N(every/5+1)) == nil { //nolint:gosec // jitter
			before := r.counts.now()
			err := round(ctx)
			if err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "a round of background work failed", "work", what, "error", err)
			}
			if after := r.counts.now(); after != before {
				r.log.InfoContext(ctx, what, "since the start", after)
			}
		}
	})
}
