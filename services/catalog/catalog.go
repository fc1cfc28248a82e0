package catalog

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Settings are the choices of an operator.
type Settings struct {
	// WarehouseRoot is where warehouses without a location of their own lie.
	WarehouseRoot string
	// Storage is the profile of warehouses without their own.
	Storage StorageProfile
	// AllowedRoots are further places where tables of those may lie.
	AllowedRoots []string
	// AnyLocation lets tables lie anywhere the store reaches, for a catalog that
	// only serves its own machine.
	AnyLocation bool
	// OverlappingLocations lets tables lie above and below each other.
	OverlappingLocations bool
	// StagedRetention is how long the files of a staged table are left alone that
	// is not created; 0 means for ever.
	StagedRetention time.Duration
	// VerifyFiles makes every load look whether a local metadata file is still
	// there, though its content is in memory.
	VerifyFiles bool
	// CacheBytes bounds the metadata kept in memory.
	CacheBytes int64
	// CommitDeadline bounds how long the answer to a commit is waited for.
	CommitDeadline time.Duration
	// AttemptTimeout bounds each sending of a commit within that.
	AttemptTimeout time.Duration
	// MaxKeyAge is how old an Idempotency-Key may be under which a request is
	// carried out: no older than operations are remembered for. 0 asks no age.
	MaxKeyAge time.Duration
	// Tries bounds how often a lost swap is tried on the new head.
	Tries int
	// Reports, when set, takes metrics reports.
	Reports Reports
	// Folds bound how commits to one table go together.
	Folds FoldLimits
	// Authorization says who may do what; without it everybody may do everything.
	Authorization authz.Decider
	// AuthorizationByRow says that it may tell tables of one namespace apart by more
	// than grants: then nothing is allowed by a table's name alone.
	AuthorizationByRow bool
	// Meter, when set, is told how commits, replays and the cache of metadata fare.
	Meter metric.Meter
}

func (s Settings) withDefaults() Settings {
	if s.CacheBytes <= 0 {
		s.CacheBytes = 32 << 20
	}
	if s.CommitDeadline <= 0 {
		s.CommitDeadline = 30 * time.Second
	}
	if s.AttemptTimeout <= 0 {
		s.AttemptTimeout = 6 * time.Second
	}
	if s.Tries <= 0 {
		s.Tries = 20
	}
	if s.Reports == nil {
		s.Reports = noReports{}
	}
	if s.Authorization == nil {
		s.Authorization = authz.Open{}
	}
	s.Folds = s.Folds.withDefaults()
	return s
}

// Catalog holds the use cases. It is safe for concurrent use.
type Catalog struct {
	pointers Pointers
	files    Files
	replays  Replays
	settings Settings
	metadata *metadataCache
	lists    *nameLists
	heads    *heads
	lines    *lines
	measures measures
	log      *slog.Logger
}

// New makes a catalog over what it needs.
func New(pointers Pointers, files Files, replays Replays, settings Settings, log *slog.Logger) (*Catalog, error) {
	settings = settings.withDefaults()
	metadata := newMetadataCache(files, settings.CacheBytes, settings.VerifyFiles)
	lists, err := newNameLists(pointers, settings.CacheBytes/listsShare)
	if err != nil {
		return nil, err
	}
	heads := newHeads(settings.CacheBytes / headsShare)
	meter := telemetry.OrNone(settings.Meter)
	measures, err := newMeasures(meter)
	err = errors.Join(err, telemetry.MeasureCache(meter, "metadata", metadata.use),
		telemetry.MeasureCache(meter, "lists", lists.use), telemetry.MeasureCache(meter, "heads", heads.use))
	if err != nil {
		return nil, fmt.Errorf("measure the catalog: %w", err)
	}
	c := &Catalog{
		pointers: pointers, files: files, replays: replays, settings: settings,
		metadata: metadata, lists: lists, heads: heads, measures: measures, log: log,
	}
	c.lines = newLines(c, settings.Folds)
	return c, nil
}
