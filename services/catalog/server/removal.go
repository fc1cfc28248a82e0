package server

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
)

// Removal is how files are deleted in the background. Without intervals nothing is.
type Removal struct {
	PurgeInterval   time.Duration `default:"5s" env:"IGLOO_PURGE_INTERVAL" help:"Look this often for dropped tables whose files are to be deleted; 0s leaves them to other replicas." allowed:"0s or more"`
	PurgeLease      time.Duration `default:"1m" env:"IGLOO_PURGE_LEASE" help:"Let another replica go on with a purge after this long without a sign of life." allowed:"0s or more; 0s stands for the default"`
	DeleteRate      int           `default:"1000" env:"IGLOO_DELETE_RATE" help:"Delete at most this many files a second in the background, in each replica." unit:"files a second" allowed:"0 or more; 0 stands for the default"`
	OrphanInterval  time.Duration `default:"1h" env:"IGLOO_ORPHAN_INTERVAL" help:"Look this often for metadata files of commits that were never applied; 0s leaves them to other replicas." allowed:"0s or more"`
	OrphanAge       time.Duration `default:"1h" env:"IGLOO_ORPHAN_AGE" help:"Such files must be this old: what is written for a commit that is still on its way makes it fail." allowed:"0s to 6h"`
	StagedRetention time.Duration `default:"24h" env:"IGLOO_STAGED_RETENTION" help:"Delete what was written for a table that was staged and not created for this long, which can then be created no more; 0s keeps it for ever." allowed:"0s to 720h"`
	OrphanScope     string        `enum:",tables,warehouses" default:"" env:"IGLOO_ORPHAN_SCOPE" help:"Look for them beside the metadata of tables, or all over the warehouses, whose roots must then be nobody else's: tables, unless the root is igloo's own data folder."`
}

// Check refuses settings that cannot work. pkg/settings calls it.
func (r Removal) Check() error {
	if r.PurgeInterval < 0 || r.PurgeLease < 0 || r.OrphanInterval < 0 || r.OrphanAge < 0 || r.DeleteRate < 0 {
		return errors.New("purge-interval, purge-lease, delete-rate, orphan-interval and orphan-age must not be negative")
	}
	if r.StagedRetention < 0 || r.StagedRetention > maxStagedRetention {
		return errors.New("staged-retention must be from 0s to 720h")
	}
	if r.OrphanAge > maxOrphanAge {
		return errors.New("orphan-age must be at most 6h: records of operations are not kept for ever")
	}
	return nil
}

// maxStagedRetention is as long as the house table service lets work wait.
const maxStagedRetention = 30 * 24 * time.Hour

// maxOrphanAge leaves time to find an orphan while it is known what became of its operation.
const maxOrphanAge = 6 * time.Hour

func (s *Server) startRemoval(ctx context.Context, conn grpc.ClientConnInterface, files catalog.Files) error {
	remover, err := removal.Start(ctx, s.pointers, hts.NewJobs(conn), files, removal.Settings{
		PurgeInterval:   s.cfg.PurgeInterval,
		Lease:           s.cfg.PurgeLease,
		DeleteRate:      s.cfg.DeleteRate,
		OrphanInterval:  s.cfg.OrphanInterval,
		OrphanAge:       s.cfg.OrphanAge,
		WholeWarehouses: s.cfg.OrphanScope == "warehouses",
		Root:            s.domain.WarehouseRoot,

		OverlappingLocations: s.cfg.OverlappingLocations,
		Meter:                s.meter,
	}, s.log)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, remover)
	return nil
}
