package catalog

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// recent holds what was used last, as much of it as fits into so many bytes. What is new
// is always let in: a cache that weighs how often keys were asked for turns away the
// newest version of a table for good once it is full, for no version's key was ever
// asked for before.
type recent[K comparable, V any] struct {
	most  int64
	weigh func(K, V) int64

	mu        sync.Mutex
	held      *simplelru.LRU[K, weighed[V]]
	bytes     int64
	evictions uint64
}

// weighed is a value with what it weighed when it came.
type weighed[V any] struct {
	value  V
	weight int64
}

func newRecent[K comparable, V any](most int64, weigh func(K, V) int64) *recent[K, V] {
	r := &recent[K, V]{most: most, weigh: weigh}
	r.held, _ = simplelru.NewLRU(math.MaxInt, func(_ K, gone weighed[V]) { r.bytes -= gone.weight }) // fails for sizes below 1
	return r
}

// get is a use, which peek is not.
func (r *recent[K, V]) get(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.held.Get(key)
	return w.value, known
}

func (r *recent[K, V]) peek(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.held.Peek(key)
	return w.value, known
}

// put makes room for a value by what was not used for longest; there is none for a value
// that would take it all.
func (r *recent[K, V]) put(key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(key, value)
}

func (r *recent[K, V]) set(key K, value V) {
	r.held.Remove(key)
	weight := r.weigh(key, value)
	if weight > r.most {
		return
	}
	r.held.Add(key, weighed[V]{value, weight})
	for r.bytes += weight; r.bytes > r.most; r.evictions++ {
		r.held.RemoveOldest()
	}
}

// change replaces a value by what becomes of it, if anything does.
func (r *recent[K, V]) change(key K, to func(V) (V, bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.held.Peek(key)
	if !known {
		return
	}
	if changed, differs := to(w.value); differs {
		r.set(key, changed)
	}
}

func (r *recent[K, V]) remove(key K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held.Remove(key)
}

// keys come in the order in which they were used.
func (r *recent[K, V]) keys() []K {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held.Keys()
}

// size is how many bytes are held, and how often something had to make room.
func (r *recent[K, V]) size() (bytes int64, evictions uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes, r.evictions
}
