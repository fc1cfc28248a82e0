package housetabletest

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// model runs random commits against the store and against two maps, which must
// agree on every verdict and on what is there afterwards.
func model(t *testing.T, b *bench) {
	t.Helper()
	b.do(t, housetable.CreateNamespace{DatabaseID: "seed"})
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		m := &world{prefix: fmt.Sprintf("m%d_", round), tables: map[housetable.TableKey]int64{}, namespaces: map[string]bool{}}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			change := m.draw(r)
			want := m.fits(change)
			got := verdictName(b.send(t, b.request(change))) == "committed"
			if got != want {
				r.Fatalf("%#v: applied %v, want %v", change, got, want)
			}
			if want {
				m.apply(change)
			}
		}
		m.compare(t, r, b)
	})
}

// world is the model: versions by key, and namespaces.
type world struct {
	prefix     string
	tables     map[housetable.TableKey]int64
	namespaces map[string]bool
}

func (m *world) drawKey(r *rapid.T, label string) housetable.TableKey {
	return housetable.TableKey{
		DatabaseID: m.prefix + rapid.SampledFrom([]string{"a", "b"}).Draw(r, label+" namespace"),
		TableID:    rapid.SampledFrom([]string{"t", "u"}).Draw(r, label+" table"),
	}
}

func (m *world) draw(r *rapid.T) housetable.Change {
	k := m.drawKey(r, "key")
	expect := housetable.Expectation{}
	if rapid.Bool().Draw(r, "expects a version") {
		expect.Version = new(rapid.Int64Range(1, 4).Draw(r, "version"))
	}
	switch rapid.IntRange(0, 7).Draw(r, "change") {
	case 0, 1:
		return housetable.CreateTable{Key: k, Kind: housetable.KindTable, MetadataLocation: "/c"}
	case 2:
		return housetable.SwapTable{Key: k, Expect: expect, MetadataLocation: "/s"}
	case 3:
		return housetable.DropTable{Key: k, Expect: expect, Soft: rapid.Bool().Draw(r, "soft")}
	case 4:
		return housetable.RenameTable{Key: k, Expect: expect, Destination: m.drawKey(r, "destination")}
	case 5, 6:
		return housetable.CreateNamespace{DatabaseID: k.DatabaseID}
	default:
		return housetable.DropNamespace{DatabaseID: k.DatabaseID}
	}
}

func (m *world) as(k housetable.TableKey, expect housetable.Expectation) bool {
	version, exists := m.tables[k]
	return exists && (expect.Version == nil || *expect.Version == version)
}

func (m *world) free(k housetable.TableKey) bool {
	_, taken := m.tables[k]
	return !taken && m.namespaces[k.DatabaseID]
}

func (m *world) fits(change housetable.Change) bool {
	switch c := change.(type) {
	case housetable.CreateTable:
		return m.free(c.Key)
	case housetable.SwapTable:
		return m.as(c.Key, c.Expect)
	case housetable.DropTable:
		return m.as(c.Key, c.Expect)
	case housetable.RenameTable:
		return m.as(c.Key, c.Expect) && m.free(c.Destination)
	case housetable.CreateNamespace:
		return !m.namespaces[c.DatabaseID]
	case housetable.DropNamespace:
		for k := range m.tables {
			if k.DatabaseID == c.DatabaseID {
				return false
			}
		}
		return m.namespaces[c.DatabaseID]
	}
	return false
}

func (m *world) apply(change housetable.Change) {
	switch c := change.(type) {
	case housetable.CreateTable:
		m.tables[c.Key] = 1
	case housetable.SwapTable:
		m.tables[c.Key]++
	case housetable.DropTable:
		delete(m.tables, c.Key)
	case housetable.RenameTable:
		m.tables[c.Destination] = m.tables[c.Key] + 1
		delete(m.tables, c.Key)
	case housetable.CreateNamespace:
		m.namespaces[c.DatabaseID] = true
	case housetable.DropNamespace:
		delete(m.namespaces, c.DatabaseID)
	}
}

func (m *world) compare(t *testing.T, r *rapid.T, b *bench) {
	t.Helper()
	for _, namespace := range []string{"a", "b"} {
		for _, table := range []string{"t", "u"} {
			k := housetable.TableKey{DatabaseID: m.prefix + namespace, TableID: table}
			version := int64(0)
			if found := b.table(t, k); found != nil {
				version = found.Version
			}
			if version != m.tables[k] {
				r.Fatalf("%+v is at version %d, want %d", k, version, m.tables[k])
			}
		}
	}
}
