package authz

import (
	"hash/maphash"
	"maps"
)

// shards are how many maps a sharded map is made of: a change of one key copies
// that part of it.
const shards = 256

var seed = maphash.MakeSeed()

// sharded is a map that is never changed once it is in a snapshot.
type sharded[K comparable, V any] [shards]map[K]V

func shardOf[K comparable](key K) int {
	return int(maphash.Comparable(seed, key) % shards)
}

func (s *sharded[K, V]) get(key K) (V, bool) {
	v, ok := s[shardOf(key)][key]
	return v, ok
}

func (s *sharded[K, V]) size() int {
	n := 0
	for _, part := range s {
		n += len(part)
	}
	return n
}

// changing is a sharded map that is being changed: a part is its own from its
// first change on.
type changing[K comparable, V any] struct {
	parts sharded[K, V]
	own   [shards]bool
}

func (c *changing[K, V]) get(key K) (V, bool) { return c.parts.get(key) }

func (c *changing[K, V]) set(key K, value V) { c.part(key)[key] = value }

func (c *changing[K, V]) remove(key K) { delete(c.part(key), key) }

func (c *changing[K, V]) part(key K) map[K]V {
	i := shardOf(key)
	if !c.own[i] {
		c.parts[i], c.own[i] = maps.Clone(c.parts[i]), true
	}
	if c.parts[i] == nil {
		c.parts[i] = map[K]V{}
	}
	return c.parts[i]
}

// freeze is what it has become; whatever changes from then on copies anew.
func (c *changing[K, V]) freeze() *sharded[K, V] {
	frozen := c.parts
	c.own = [shards]bool{}
	return &frozen
}
