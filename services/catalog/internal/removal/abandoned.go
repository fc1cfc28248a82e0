package removal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// abandoned deletes what was written below a location since that was given to a
// staged creation. The job waited, and would have ended had the table been created. From
// here on it cannot be: its UUID is kept from everybody for as long as the job is
// on record. Whoever begins anew finds what is left.
func (r *Remover) abandoned(ctx context.Context, j catalog.Job) (string, error) {
	var order catalog.Abandoned
	if err := json.Unmarshal([]byte(j.Conf), &order); err != nil || order.Location == "" {
		return "", refuse("the job does not say what was staged")
	}
	holds := catalog.JobHolds{MetadataUUID: order.MetadataUUID, KeepUUID: true}
	if _, err := r.take(ctx, j, holds, order.Location); err != nil {
		return "", err
	}
	deleted := int64(0)
	var files []string
	flush := func() error {
		if err := errors.Join(r.pace(ctx, len(files)), r.stillMine(ctx, j)); err != nil {
			return err
		}
		unreachable, err := r.remove(ctx, j.Warehouse, files)
		deleted += int64(len(files)) - unreachable
		files = files[:0]
		return err
	}
	for object, err := range r.files.In(j.Warehouse).List(ctx, strings.TrimRight(order.Location, "/")+"/") {
		switch {
		case errors.Is(err, objectstore.ErrNotFound):
			continue
		case err != nil:
			return "", fmt.Errorf("list %s: %w", order.Location, err)
		case object.Modified.Before(order.At):
			continue
		}
		if files = append(files, object.Location); len(files) == batchFiles {
			if err := flush(); err != nil {
				return "", err
			}
		}
	}
	if err := flush(); err != nil {
		return "", err
	}
	r.counts.filesAbandoned.Add(deleted)
	return fmt.Sprintf("deleted %d files of a table that was staged and never created", deleted), nil
}
