package removal

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// purge is the deletion of one table's files.
type purge struct {
	*Remover

	batch batch
}

// purge deletes the files of a dropped table in the order of Iceberg's
// CatalogUtil.dropTableData: data and delete files, manifests, manifest lists,
// earlier metadata, statistics, and last the metadata that all is found through.
// So whoever begins anew finds what is left, and where that file is gone, nothing.
func (r *Remover) purge(ctx context.Context, j catalog.Job) (string, error) {
	var order catalog.Purge
	if err := json.Unmarshal([]byte(j.Conf), &order); err != nil || order.MetadataLocation == "" {
		return "", refuse("the job does not say what is to be purged")
	}
	d, err := r.read(ctx, j.Warehouse, order.MetadataLocation)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		return "nothing is left", nil
	case illegible(err):
		return "", refuse("%s", fault.Shown(err))
	case err != nil:
		return "", err
	case !d.collectable():
		return "", refuse("%s is %q", catalog.GCProperty, d.Properties[catalog.GCProperty])
	}
	ours, err := r.claim(ctx, j, d)
	if err != nil {
		return "", err
	}
	p := &purge{Remover: r, batch: newBatch(r, j.Warehouse, ours)}
	for _, step := range []func(context.Context, *document) error{p.data, p.manifestFiles, p.manifestLists, p.earlier, p.statistics} {
		if err := step(ctx, d); err != nil {
			return "", err
		}
		if err := p.batch.flush(ctx); err != nil {
			return "", err
		}
	}
	if err := p.batch.one(ctx, order.MetadataLocation); err != nil {
		return "", err
	}
	return p.batch.report(), nil
}

func (p *purge) data(ctx context.Context, d *document) error {
	for _, s := range d.Snapshots {
		manifests, err := p.manifests(ctx, p.batch.warehouse, s)
		if err != nil {
			return err
		}
		for _, m := range manifests {
			if p.batch.met("entries of " + m.FilePath()) {
				continue
			}
			for file, err := range p.entries(ctx, p.batch.warehouse, m) {
				if err != nil {
					return err
				}
				if err := p.batch.add(ctx, "data and delete files", file); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *purge) manifestFiles(ctx context.Context, d *document) error {
	for _, s := range d.Snapshots {
		manifests, err := p.manifests(ctx, p.batch.warehouse, s)
		if err != nil {
			return err
		}
		for _, m := range manifests {
			if err := p.batch.add(ctx, "manifests", m.FilePath()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *purge) manifestLists(ctx context.Context, d *document) error {
	for _, s := range d.Snapshots {
		if s.ManifestList == "" {
			continue
		}
		if err := p.batch.add(ctx, "manifest lists", s.ManifestList); err != nil {
			return err
		}
	}
	return nil
}

func (p *purge) earlier(ctx context.Context, d *document) error {
	for _, entry := range d.Log {
		if err := p.batch.add(ctx, metadataFiles, entry.File); err != nil {
			return err
		}
	}
	return nil
}

func (p *purge) statistics(ctx context.Context, d *document) error {
	for _, files := range [][]statistics{d.Statistics, d.PartitionStatistics} {
		for _, s := range files {
			if err := p.batch.add(ctx, "statistics files", s.Path); err != nil {
				return err
			}
		}
	}
	return nil
}
