package catalog

import "time"

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
	for _, key := range c.cache.keys() {
		if d, known := c.cache.peek(key); known && !d.rested {
			c.settle(key, d)
		}
	}
}

func (c *metadataCache) settle(key documentKey, seen kept) {
	if seen.before != "" {
		c.cache.remove(documentKey{key.warehouse, key.kind, seen.before})
	}
	settled := kept{document: seen.document, rested: true}
	if table, is := seen.document.(tableDocument); is && table.Size() < ownPages {
		settled.document = tableDocument{table.Copy()}
	}
	c.cache.change(key, func(now kept) (kept, bool) { return settled, now == seen })
}
