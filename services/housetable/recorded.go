package housetable

import (
	"bytes"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// AnswerRecorded is the verdict on a commit of which some operations were
// recorded before: a replay, or a refusal when an id came with another request.
// A record without a fingerprint is of any request: who recorded it wanted that
// none under this id is ever applied. It returns nil when recorded is empty.
func (c Commit) AnswerRecorded(recorded []RecordedOperation) Verdict {
	if len(recorded) == 0 {
		return nil
	}
	for _, was := range recorded {
		for _, is := range c.Operations {
			if is.ID == was.ID && len(was.Fingerprint) > 0 && !bytes.Equal(is.Fingerprint, was.Fingerprint) {
				return Refused{Err: fault.New(fault.OperationReused,
					"operation %s was recorded before for another request", is.ID)}
			}
		}
	}
	return Replay{Operations: recorded}
}

// NoSuchWarehouse is the error of everything that names a warehouse which does not exist.
func NoSuchWarehouse(name string) error {
	return fault.New(fault.NoSuchWarehouse, "warehouse %q does not exist", name)
}

// NoSuchNamespace is the error of a read from a namespace which does not exist.
func NoSuchNamespace(databaseID string) error {
	return fault.New(fault.NoSuchNamespace, "namespace %q does not exist", databaseID)
}

// NoSuchTable is the error of a read of a house table which does not exist.
func NoSuchTable(key TableKey) error {
	return fault.New(fault.NoSuchTable, "table %s.%s does not exist", key.DatabaseID, key.TableID)
}

// NoSuchJob is the error of a job which does not exist.
func NoSuchJob(id string) error { return fault.New(fault.NoSuchJob, "job %s cannot be found", id) }

// NoSuchOperation is the error of an operation which was not recorded.
func NoSuchOperation(id UUID) error {
	return fault.New(fault.NoSuchOperation, "operation %s is not recorded", id)
}

// StaleJob is the error of a put or a deletion whose version is not the current one.
func StaleJob(id string) error {
	return fault.New(fault.CommitFailed, "job %s has been modified by another process: its version is not the one given", id)
}

// StaleWarehouse is the error of a change whose version is not the current one.
func StaleWarehouse(name string, expected, found int64) error {
	return fault.New(fault.CommitFailed, "warehouse %q is at version %d, not at %d", name, found, expected)
}

// StaleNamespace is the error of a change whose version is not the current one.
func StaleNamespace(databaseID string, expected, found int64) error {
	return fault.New(fault.CommitFailed, "namespace %q is at version %d, not at %d", databaseID, found, expected)
}

// WarehouseExists is the error of a creation under a name that is taken.
func WarehouseExists(name string) error {
	return fault.New(fault.AlreadyExists, "warehouse %q exists already", name)
}

// WarehouseNotEmpty is the error of a deletion while something is left inside.
func WarehouseNotEmpty(name string) error {
	return fault.New(fault.NotEmpty, "warehouse %q still holds namespaces or jobs", name)
}
