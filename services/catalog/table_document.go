package catalog

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

// tableRevision is a commit to a table.
type tableRevision struct {
	requirements iceberg.Requirements
	updates      iceberg.Updates
}

func tableRevisionOf(change TableChange) (revision, error) {
	requirements, err := iceberg.DecodeRequirements(change.Requirements)
	if err != nil {
		return nil, refused(err)
	}
	if requirements.AssertsCreate() && requirements.Len() > 1 {
		return nil, fault.Field("requirements", "assert-create cannot hold together with others")
	}
	updates, err := iceberg.DecodeUpdates(change.Updates)
	if err != nil {
		return nil, refused(err)
	}
	return tableRevision{requirements: requirements, updates: updates}, nil
}

func (r tableRevision) creates() bool { return r.requirements.AssertsCreate() }

// trace looks for the snapshots that the revision adds. One of the same id with
// other manifests is an earlier attempt of the same operation. A creation is known
// by the table's uuid first, which nobody else has.
func (r tableRevision) trace(base document) (trace, error) {
	table := base.(tableDocument) //nolint:forcetypeassert // documents are of the member's kind
	if r.creates() {
		return r.traceOfCreation(table)
	}
	return r.traceOfSnapshots(table)
}

func (r tableRevision) traceOfCreation(table tableDocument) (trace, error) {
	assigned := r.updates.AssignedUUIDs()
	if len(assigned) == 0 || !strings.EqualFold(assigned[len(assigned)-1], table.UUID()) {
		return absent, nil
	}
	found, err := r.traceOfSnapshots(table)
	switch {
	case err != nil:
		return traceless, err
	case found == absent:
		return traceless, fault.New(fault.UnknownOutcome, "the table was created by an earlier attempt, and does not have the snapshots any more, or not yet")
	}
	return present, nil
}

func (r tableRevision) traceOfSnapshots(table tableDocument) (trace, error) {
	added, there := r.updates.AddedSnapshots(), 0
	for _, a := range added {
		snapshot, known := table.Snapshot(a.ID)
		if known && snapshot.ManifestList != a.ManifestList {
			return traceless, fault.New(fault.UnknownOutcome, "snapshot %d is in the table already, with another manifest list: an earlier attempt was applied", a.ID)
		}
		if known {
			there++
		}
	}
	switch {
	case len(added) == 0:
		return traceless, nil
	case there == 0:
		return absent, nil
	case there < len(added):
		return traceless, fault.New(fault.UnknownOutcome, "%d of %d snapshots are in the table already", there, len(added))
	}
	return present, nil
}

func (r tableRevision) rebases(first, base document) error {
	seen, head := first.(tableDocument), base.(tableDocument) //nolint:forcetypeassert // documents are of the member's kind
	return refused(r.updates.GuardRebase(seen.TableMetadata, head.TableMetadata))
}

func (r tableRevision) guarded() bool { return r.updates.RemovesSnapshots() }

func (r tableRevision) apply(base document, baseLocation string) (document, error) {
	var table *iceberg.TableMetadata
	if base != nil {
		table = base.(tableDocument).TableMetadata //nolint:forcetypeassert // documents are of the member's kind
	}
	if err := r.requirements.Check(table); err != nil {
		return nil, refused(err)
	}
	next, err := r.updates.Apply(table, iceberg.Application{Now: time.Now(), PreviousLocation: baseLocation})
	if err != nil {
		return nil, refused(err)
	}
	return tableDocument{next}, nil
}

// createTable makes the first metadata of a table.
func createTable(w Warehouse, creation TableCreation, id uuid.UUID, location string, now time.Time) (document, error) {
	table, err := iceberg.NewTableMetadata(iceberg.TableCreation{
		UUID: id.String(), Location: location, Schema: creation.Schema, PartitionSpec: creation.Spec, WriteOrder: creation.Order,
		Properties: w.layered(tableDefaultPrefix, tableOverridePrefix, creation.Properties), Now: now,
	})
	return tableDocument{table}, refused(err)
}

// refsOf is a table with only those snapshots that something points at.
func refsOf(d document) []byte {
	return d.(tableDocument).RefsDocument() //nolint:forcetypeassert // tables have tables' documents
}
