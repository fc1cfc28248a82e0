package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// GCProperty is the table property that keeps a table's files from being deleted.
// Source: Iceberg's TableProperties.GC_ENABLED.
const GCProperty = "gc.enabled"

const (
	// PurgeJob is the name of jobs that delete the files of a table.
	PurgeJob = "purge-table"
	// purgeAttempts is how often such a job may be begun before it has failed.
	purgeAttempts = 10
)

// Purge is what a PurgeJob is to do, as its configuration has it.
type Purge struct {
	// Table is how it was called, for people.
	Table string `json:"table"`
	// MetadataLocation is where its last metadata is; everything follows from that.
	MetadataLocation string `json:"metadata-location"`
}

// purgePlan drops the very version whose properties allow that its files go, and
// queues the job for them.
func (m *mutation) purgePlan(ctx context.Context, gone *target) (plan, error) {
	p, err := m.targeted(ctx, gone)
	if err != nil {
		return plan{}, err
	}
	if err := m.checkPurge(ctx, p); err != nil {
		return plan{}, err
	}
	conf, err := json.Marshal(Purge{Table: p.Identifier.String(), MetadataLocation: p.MetadataLocation})
	if err != nil {
		return plan{}, fmt.Errorf("encode purge: %w", err)
	}
	return plan{
		outcome: Outcome{Status: statusNoContent},
		changes: []Change{DropPointer{Identifier: gone.id, Expect: Expectation{UUID: p.UUID, Version: p.Version, Kind: TableKind}}},
		jobs:    []QueuedJob{{Name: PurgeJob, Conf: string(conf), Attempts: purgeAttempts}},
		lost: func(conflicts []Conflict) error {
			if conflicts[0].Reason == PointerMoved {
				return nil // there may be other properties by now
			}
			return NoSuchPointer(TableKind, gone.id)
		},
	}, nil
}

// checkPurge refuses to purge what may share files with others. Metadata that
// cannot be read keeps nobody from dropping a table.
func (m *mutation) checkPurge(ctx context.Context, p Pointer) error {
	d, err := m.metadata.load(ctx, m.request.Warehouse, TableKind, p.MetadataLocation)
	if fault.Is(err, fault.MissingFile) || fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		return nil
	}
	if err != nil {
		return err
	}
	if enabled, set := d.Property(GCProperty); set && !strings.EqualFold(enabled, "true") {
		return fault.New(fault.Invalid, "Cannot purge table %s: %s is %q, as its files may be another table's too; drop it without purge",
			p.Identifier, GCProperty, enabled)
	}
	return nil
}
