package catalog

import (
	"slices"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	// calm is how long nothing is put until documents are at rest. No request that may
	// answer by what was replaced takes as long, as a rule; one that does reads its file.
	calm = 5 * time.Second
	// ownPages is a size from which the runtime gives a document pages of its own.
	ownPages = 32 << 10
)

// rest drops the documents that were replaced, and puts the small ones that stay side by
// side. They were made among much that is gone since: a page with one of them in it is
// never given back, and there are as many of those as documents fill.
func (c *metadataCache) rest() {
	for _, key := range slices.Collect(c.cache.Keys()) {
		if d, known := c.cache.GetEntryQuietly(key); known && !d.Value.rested {
			c.settle(key, d.Value)
		}
	}
}

func (c *metadataCache) settle(key documentKey, seen kept) {
	if seen.before != "" {
		c.cache.Invalidate(documentKey{key.warehouse, key.kind, seen.before})
	}
	settled := kept{document: seen.document, rested: true}
	if table, is := seen.document.(tableDocument); is && table.Size() < ownPages {
		settled.document = tableDocument{table.Copy()}
	}
	c.cache.ComputeIfPresent(key, func(now kept) (kept, otter.ComputeOp) {
		if now != seen {
			return now, otter.CancelOp
		}
		return settled, otter.WriteOp
	})
}
