package catalog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// listsShare is what part of the cache of metadata the pages of lists may take
// beside it.
const listsShare = 4

// Names are a page of the names of one kind in a namespace. Many may have it: it is
// not changed any more.
type Names struct {
	All  []string
	Next string
	// Mark is what the house tables know the page by; empty where they do not.
	Mark string

	once sync.Once
	text []byte
	err  error
}

// Text is the page as it is told to clients, encoded by the first who asks: all
// must encode it alike.
func (n *Names) Text(encode func(names []string) ([]byte, error)) ([]byte, error) {
	n.once.Do(func() { n.text, n.err = encode(n.All) })
	return n.text, n.err
}

// listKey is a page of a list, as somebody asked for it who sees all.
type listKey struct {
	warehouse, database string
	kind                Kind
	token               string
	size                int
}

// alone is the key without the request that it was in.
func (k listKey) alone() listKey {
	return listKey{strings.Clone(k.warehouse), strings.Clone(k.database), k.kind, strings.Clone(k.token), k.size}
}

// weigh is about how much memory a page takes, its text included.
func (k listKey) weigh(n *Names) uint32 {
	const list, name = 512, 64
	weight := list + len(k.warehouse) + len(k.database) + len(k.token)
	for _, text := range n.All {
		weight += name + 2*len(text) + len(k.database)
	}
	return uint32(weight)
}

// nameLists remembers pages of lists. It answers with none of them before the house
// tables have said, since it was asked, that the page is right: nothing in it is ever stale.
type nameLists struct {
	pointers     Pointers
	pages        *otter.Cache[listKey, *Names]
	hits, misses atomic.Uint64
}

func newNameLists(pointers Pointers, maxBytes int64) (*nameLists, error) {
	pages, err := otter.New(&otter.Options[listKey, *Names]{
		MaximumWeight: uint64(maxBytes), Weigher: listKey.weigh, StatsRecorder: stats.NewCounter(),
	})
	if err != nil {
		return nil, fmt.Errorf("make cache of lists: %w", err)
	}
	return &nameLists{pointers: pointers, pages: pages}, nil
}

// page is a page of a list, as it was remembered or anew.
func (l *nameLists) page(ctx context.Context, warehouse string, ns Namespace, kind Kind, page Page) (*Names, error) {
	if page.Visible != nil {
		return l.pointers.List(ctx, warehouse, ns, kind, page, nil)
	}
	key := listKey{warehouse, ns.DatabaseID(), kind, page.Token, page.Size}
	known, _ := l.pages.GetIfPresent(key)
	if known == nil {
		known = &Names{}
	}
	names, err := l.pointers.List(ctx, warehouse, ns, kind, page, known)
	switch {
	case err != nil:
	case names == known:
		l.hits.Add(1)
	default:
		l.misses.Add(1)
		if names.Mark != "" {
			l.pages.Set(key.alone(), names)
		}
	}
	return names, err
}

func (l *nameLists) use() telemetry.CacheUse {
	return telemetry.CacheUse{
		Hits: l.hits.Load(), Misses: l.misses.Load(), Evictions: l.pages.Stats().Evictions, Bytes: l.pages.WeightedSize(),
	}
}
