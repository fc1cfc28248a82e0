package removal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// present reads a file; nil when it is not there, as after a purge that was
// begun before.
func (r *Remover) present(ctx context.Context, warehouse, location string) ([]byte, error) {
	data, err := r.files.In(warehouse).Read(ctx, location)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		return nil, nil
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Unsupported), fault.Is(err, fault.TooLarge):
		return nil, refuse("%s cannot be read from here: %s", location, fault.Shown(err))
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", location, err)
	}
	return data, nil
}

// manifests are those of a snapshot.
func (r *Remover) manifests(ctx context.Context, warehouse string, s snapshot) ([]iceberg.ManifestFile, error) {
	if s.ManifestList == "" {
		files := make([]iceberg.ManifestFile, len(s.Manifests))
		for i, location := range s.Manifests {
			files[i] = iceberg.NewManifestFile(1, location, 0, 0, s.ID).Build()
		}
		return files, nil
	}
	data, err := r.present(ctx, warehouse, s.ManifestList)
	if err != nil || data == nil {
		return nil, err
	}
	files, err := iceberg.ReadManifestList(bytes.NewReader(data))
	if err != nil {
		return nil, refuse("manifest list %s cannot be read: %s", s.ManifestList, err)
	}
	return files, nil
}

// entries yields the locations of the files that a manifest holds alive: those
// that it says were removed are of manifests before it.
func (r *Remover) entries(ctx context.Context, warehouse string, m iceberg.ManifestFile) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		data, err := r.present(ctx, warehouse, m.FilePath())
		if err != nil || data == nil {
			if err != nil {
				yield("", err)
			}
			return
		}
		reader, err := iceberg.NewManifestReader(m, bytes.NewReader(data))
		if err != nil {
			yield("", refuse("manifest %s cannot be read: %s", m.FilePath(), err))
			return
		}
		defer func() { _ = reader.Close() }() // it reads from memory
		for ctx.Err() == nil {
			entry, err := reader.ReadEntry()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield("", refuse("manifest %s cannot be read: %s", m.FilePath(), err))
				return
			case entry.Status() == iceberg.EntryStatusDELETED:
				continue
			}
			if !yield(entry.DataFile().FilePath(), nil) {
				return
			}
		}
		yield("", ctx.Err())
	}
}
