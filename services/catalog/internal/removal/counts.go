package removal

import (
	"log/slog"
	"sync/atomic"
)

// Counts are what was done since the start.
type Counts struct {
	// Purged tables, purges that failed for good, and those put back for later.
	Purged, Failed, PutBack int64
	// FilesPurged are those of purged tables, FilesAbandoned those of tables that
	// were staged and never created.
	FilesPurged, FilesAbandoned int64
	// Orphans are metadata files that the sweep deleted, Fenced the operations that
	// it made sure are never applied, and Kept the files that it found to be needed.
	Orphans, Fenced, Kept int64
}

// LogValue implements slog.LogValuer.
func (c Counts) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("purged", c.Purged), slog.Int64("failed", c.Failed), slog.Int64("put_back", c.PutBack),
		slog.Int64("files_purged", c.FilesPurged), slog.Int64("files_abandoned", c.FilesAbandoned),
		slog.Int64("orphans", c.Orphans), slog.Int64("fenced", c.Fenced), slog.Int64("kept", c.Kept),
	)
}

type counts struct {
	purged, failed, putBack, filesPurged, filesAbandoned, orphans, fenced, kept atomic.Int64
}

func (c *counts) now() Counts {
	return Counts{
		Purged: c.purged.Load(), Failed: c.failed.Load(), PutBack: c.putBack.Load(), FilesPurged: c.filesPurged.Load(),
		FilesAbandoned: c.filesAbandoned.Load(),
		Orphans:        c.orphans.Load(), Fenced: c.fenced.Load(), Kept: c.kept.Load(),
	}
}

// Counts are what was done since the start.
func (r *Remover) Counts() Counts { return r.counts.now() }
