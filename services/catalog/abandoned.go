package catalog

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	// AbandonedJob is the name of jobs that delete the files of a table that was
	// staged and never created.
	AbandonedJob = "delete-abandoned"
	// abandonedAttempts is how often such a job may be begun before it has failed.
	abandonedAttempts = 10
)

// Abandoned is what an AbandonedJob is to do, as its configuration has it.
type Abandoned struct {
	// Table is what it was to be called, for people.
	Table string `json:"table"`
	// Location that it was given.
	Location string `json:"location"`
	// At is when: what is older was there before.
	At time.Time `json:"at"`
	// MetadataUUID by which it would be known if it was created.
	MetadataUUID uuid.UUID `json:"metadata-uuid"`
}

// abandonment is the job that a staged creation leaves, which ends when the table
// is created. Where tables may lie in one another nothing says whose a file is,
// and files stay.
func (c *Catalog) abandonment(id TableIdentifier, d document, at time.Time) ([]QueuedJob, error) {
	if c.settings.StagedRetention <= 0 || c.settings.OverlappingLocations {
		return nil, nil
	}
	staged := Abandoned{Table: id.String(), Location: d.Location(), At: at, MetadataUUID: heldUUID(d.UUID())}
	conf, err := json.Marshal(staged)
	if err != nil {
		return nil, fmt.Errorf("encode staged creation: %w", err)
	}
	return []QueuedJob{{
		Name: AbandonedJob, Conf: string(conf), Attempts: abandonedAttempts,
		Delay: c.settings.StagedRetention, MetadataUUID: staged.MetadataUUID,
	}}, nil
}
