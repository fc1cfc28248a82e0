package catalog

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Types of reports, as the protocol has them. Others are taken as well.
const (
	ScanReport   = "scan-report"
	CommitReport = "commit-report"
)

// reportTimeout bounds the look whether there is such a table.
const reportTimeout = 250 * time.Millisecond

// Report is what an engine told of a scan of a table or a commit to it.
type Report struct {
	// ID is a UUID of version 7: it tells when the report was taken.
	ID        uuid.UUID
	Warehouse string
	Table     TableIdentifier
	Type      string
	// Operation is what a commit did: "append", "overwrite", …; else empty.
	Operation string
	// Metrics are by the protocol's names. What could not be read is not there.
	Metrics map[string]Metric
	// Body is the report as it was sent.
	Body      json.RawMessage
	Principal string
	RequestID string
}

// Metric is a CounterResult or a TimerResult.
type Metric struct {
	// Value of a counter, whatever its unit.
	Value float64
	// Timer is set where it is a timer, with how long it ran altogether.
	Timer    bool
	Duration time.Duration
}

// Reports takes reports, off the request's path. It may lose some when it must,
// and says so to operators alone.
type Reports interface {
	// Take never fails and never waits.
	Take(ctx context.Context, r Report)
}

// ReportMetrics takes a report of a table. Only a table that is known not to be
// there is an error, or not to be the caller's to read: a report is to fail no
// query, whoever is away. Who has the right by the table itself loses a report
// while it cannot be looked up.
func (c *Catalog) ReportMetrics(ctx context.Context, r Report) error {
	bounded, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	_, err := c.allowed(bounded, authz.Select, r.Warehouse, r.Table, TableKind)
	switch fault.KindOf(err) {
	case fault.NoSuchTable, fault.NoSuchWarehouse, fault.Invalid, fault.Forbidden:
		return err
	default: // whoever keeps the report will look again
	}
	if err != nil {
		if byName, err := c.may(ctx, authz.Select, namedObject(r.Warehouse, r.Table, TableKind)); err != nil || !byName {
			return nil // it is lost
		}
	}
	if r.ID, err = uuid.NewV7(); err != nil {
		return nil // no randomness is left: the report is not worth an answer of its own
	}
	c.settings.Reports.Take(ctx, r)
	return nil
}

// noReports takes nothing.
type noReports struct{}

func (noReports) Take(context.Context, Report) {}
