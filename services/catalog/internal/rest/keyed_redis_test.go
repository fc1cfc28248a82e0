package rest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
)

// Whatever becomes of Redis, a key has one answer and one effect: the house
// tables know. No request waits for it longer than a moment.
func TestRequestsGoOnWithoutRedis(t *testing.T) {
	const limit = 10 * time.Second // what 20 requests take is a fraction of it
	server := redistest.New(t)
	proxy := nettest.NewProxy(t, server.Addr())
	w := withTable(t, func(c *choices) { c.redis = strings.Replace(server.URL(), server.Addr(), proxy.Addr(), 1) })
	for _, trouble := range []struct {
		name       string
		begin, end func()
	}{
		{"silent", proxy.Freeze, proxy.Thaw},
		{"slow", func() { proxy.Slow(200 * time.Millisecond) }, func() { proxy.Slow(0) }},
		{"full", func() {
			check(t, server.Client(t).ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err())
			check(t, server.Client(t).ConfigSet(t.Context(), "maxmemory", "1").Err())
		}, func() { check(t, server.Client(t).ConfigSet(t.Context(), "maxmemory", "0").Err()) }},
		{"away", func() { check(t, server.Kill()) }, func() { check(t, server.Restart(t.Context())) }},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			trouble.begin()
			defer trouble.end()
			began, before := time.Now(), w.hts.Applied()
			for i := range 10 {
				key := uuid.Must(uuid.NewV7()).String()
				sent := wire{"POST", table, setProperty(fmt.Sprintf("%s.%d", trouble.name, i), "1")}
				first := w.under(t, key, sent)
				if first.status != 200 {
					t.Fatalf("%d %s", first.status, first.body)
				}
				same(t, "again", first, w.under(t, key, sent))
			}
			if applied := w.hts.Applied() - before; applied != 10 {
				t.Errorf("applied %d of 10", applied)
			}
			if took := time.Since(began); took > limit {
				t.Errorf("took %v", took)
			}
		})
	}
}
