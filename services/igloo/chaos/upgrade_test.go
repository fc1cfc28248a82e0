package chaos_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// versions is how many replicas of a service are of the earlier version, from the
// first on: all of them where an upgrade begins.
type versions int

const (
	upgraded versions = iota
	half
	everywhere
)

// program is a replica's of a service; where there is no earlier version, all are of
// this one.
func (v versions) program(t *testing.T, replica int, name string) string {
	t.Helper()
	if *earlier != "" && replica < int(v) {
		return filepath.Join(*earlier, name)
	}
	return iglootest.Program(t, name)
}

// upgrades go from the earlier version to this one as docs/operations.md says, back,
// and on to the first replica of each service being of the earlier one.
func (p *production) upgrades(t *testing.T) []harm {
	t.Helper()
	if *earlier == "" {
		return nil
	}
	return []harm{
		{"the schema migrated", func(context.Context) error {
			migrate(t, iglootest.Program(t, "housetable"), p.postgres.url())
			return nil
		}},
		{"house table services upgraded", p.become(t, p.housetables, "housetable", upgraded)},
		{"catalogs upgraded", p.become(t, p.catalogs, "catalog", upgraded)},
		{"catalogs rolled back", p.become(t, p.catalogs, "catalog", everywhere)},
		{"house table services rolled back", p.become(t, p.housetables, "housetable", everywhere)},
		{"a house table service upgraded", p.become(t, p.housetables[half:], "housetable", upgraded)},
		{"a catalog upgraded", p.become(t, p.catalogs[half:], "catalog", upgraded)},
	}
}

// become restarts programs as those of other versions.
func (p *production) become(t *testing.T, programs []*program, name string, of versions) func(context.Context) error {
	t.Helper()
	return func(ctx context.Context) error {
		for i, one := range programs {
			one.path = of.program(t, i, name)
		}
		return p.roll(programs)(ctx)
	}
}
