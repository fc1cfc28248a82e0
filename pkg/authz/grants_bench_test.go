package authz_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
)

// BenchmarkDecide asks for a table that is granted to one of the caller's roles,
// among so many grants of house tables to as many people as a hundredth.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchDecide(b, n) })
	}
}

func benchDecide(b *testing.B, n int) {
	b.Helper()
	before := heapInUse()
	journal := &authztest.Journal{}
	journal.Create("w", false)
	journal.Write("", authztest.Grant(authz.Role("readers"), authz.Group("corp", "staff"), authz.Member))
	at := func(i int) authz.Object {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[8:], uint64(i)*0x9E3779B97F4A7C15)
		id[0] = 1
		return authz.In("w", "sales.eu", authz.KindTable, authz.TableRef{UUID: id, Name: "t"})
	}
	for i := range n {
		journal.Write("w", authztest.Grant(at(i), authz.User(fmt.Sprintf("corp:user-%d", i%(n/100))), authz.Select))
	}
	follower := authz.NewFollower(journal, time.Hour)
	b.Cleanup(func() { follower.Close() })
	grants, err := authz.NewGrants(follower)
	if err != nil {
		b.Fatal(err)
	}
	who := authn.Identity{Issuer: "corp", Subject: "alice", Groups: []string{"a", "b", "c", "staff"}}
	q := authz.Question{Privilege: authz.Select, Object: at(n)}
	journal.Write("w", authztest.Grant(q.Object, authz.Members("readers"), authz.Write))
	started := time.Now()
	if err := authz.Require(b.Context(), grants, who, q); err != nil {
		b.Fatal(err)
	}
	loaded := time.Since(started)
	journal.Drop("w") // leaves the snapshot alone
	after := heapInUse()
	b.ReportAllocs()
	for b.Loop() {
		if d, err := grants.Decide(b.Context(), who, q); err != nil || !d[0].Allowed {
			b.Fatal(d, err)
		}
	}
	b.ReportMetric(float64(after-before)/float64(n), "B/grant")
	b.ReportMetric(loaded.Seconds(), "s-to-load")
	runtime.KeepAlive(grants)
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
