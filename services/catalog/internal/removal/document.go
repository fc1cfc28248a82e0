package removal

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// document is as much of a metadata file as leads to other files.
type document struct {
	Location   string            `json:"location"`
	UUID       string            `json:"table-uuid"`
	Properties map[string]string `json:"properties"`
	Snapshots  []snapshot        `json:"snapshots"`
	Log        []struct {
		File string `json:"metadata-file"`
	} `json:"metadata-log"`
	Statistics          []statistics `json:"statistics"`
	PartitionStatistics []statistics `json:"partition-statistics"`
}

// snapshot has a list of manifests in a file, or, in old tables of format v1, here.
type snapshot struct {
	ID           int64    `json:"snapshot-id"`
	ManifestList string   `json:"manifest-list"`
	Manifests    []string `json:"manifests"`
}

type statistics struct {
	Path string `json:"statistics-path"`
}

// read reads a metadata file; objectstore.ErrNotFound when there is none and
// fault.Invalid when it is no metadata.
func (r *Remover) read(ctx context.Context, warehouse, location string) (*document, error) {
	data, err := catalog.ReadMetadata(ctx, r.files.In(warehouse), location)
	if err != nil {
		return nil, err
	}
	d := &document{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file at %s is not metadata that can be read", location)
	}
	return d, nil
}

// illegible reports that a file will not be metadata at another time either.
func illegible(err error) bool {
	return errors.Is(err, objectstore.ErrNotFound) || fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) || fault.Is(err, fault.Unsupported)
}

// collectable reports whether the table's files may be deleted.
func (d *document) collectable() bool {
	enabled, set := d.Properties[catalog.GCProperty]
	return !set || strings.EqualFold(enabled, "true")
}

// names reports whether the document tells of a file.
func (d *document) names(file string) bool {
	for _, entry := range d.Log {
		if entry.File == file {
			return true
		}
	}
	return false
}
