package e2e_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// silence is longer than every limit on the way of a commit.
const silence = 12 * time.Second

// TestSilentStandby lets the standby stop answering while commits wait for it,
// and then loses the primary. Whoever gives up waiting must not let a commit be
// seen that the standby does not have: sent again, it would be acknowledged, and
// then be lost.
func TestSilentStandby(t *testing.T) {
	p := startPair(t)
	p.replicas[0].commit(t, newTable("alone"))
	l := startLoad(t, p.replicas)
	l.goesOn("commits on both")
	silent(t, p.standby)
	once := swap("alone", "/1")
	once.GetSwapTable().Expect = &htsv1.Expectation{Version: proto.Int64(1)}
	r := request(once)
	for begun, n := time.Now(), 0; time.Since(begun) < silence; n++ {
		if answer, err := send(t.Context(), p.replicas[n%len(p.replicas)], r); err == nil {
			t.Errorf("acknowledged %v after the standby fell silent: %v", time.Since(begun), answer)
		}
		if version := tableVersion(t, p.replicas[n%len(p.replicas)], "alone"); version > 1 {
			t.Fatalf("seen %v after the standby fell silent: version %d", time.Since(begun), version)
		}
	}
	if err := p.primary.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.goesOn("commits after the failover")
	l.end()
	l.check(connect(t, p.standby))
}

// silent stops a server, until the test goes on with it or ends.
func silent(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	if err := c.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Signal(syscall.SIGCONT) }) // who is stopped cannot be ended with all of its processes
}

func send(ctx context.Context, to *replica, r *htsv1.CommitRequest) (*htsv1.CommitResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return htsv1.NewCommitServiceClient(to.conn).Commit(ctx, r)
}

// tableVersion is what a reader is told; 0 when it is told nothing.
func tableVersion(t *testing.T, to *replica, name string) int64 {
	t.Helper()
	answer, err := htsv1.NewTableServiceClient(to.conn).GetTable(t.Context(), &htsv1.GetTableRequest{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: name},
	})
	if err != nil {
		return 0
	}
	return answer.GetTable().GetVersion()
}

// What a commit had not yet told the standby when the primary crashed is there when it is
// back, and may be gone after a failover: nobody sees it in between.
func TestRestartBesideASilentStandby(t *testing.T) {
	p := startPair(t)
	p.replicas[0].commit(t, newTable("alone"))
	silent(t, p.standby)
	lost := swap("alone", "/1")
	lost.GetSwapTable().Expect = &htsv1.Expectation{Version: proto.Int64(1)}
	if answer, err := send(t.Context(), p.replicas[0], request(lost)); err == nil {
		t.Fatalf("acknowledged beside a silent standby: %v", answer)
	}
	if err := p.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.primary.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	var there int64
	seen := "SELECT max(version) FROM house_table WHERE table_id = 'alone'"
	if err := connect(t, p.primary).QueryRow(t.Context(), seen).Scan(&there); err != nil || there != 2 {
		t.Fatalf("the primary has version %d, %v: there is nothing that could be seen", there, err)
	}
	for begun, n := time.Now(), 0; time.Since(begun) < silence; n++ {
		if version := tableVersion(t, p.replicas[n%len(p.replicas)], "alone"); version > 1 {
			t.Fatalf("seen %v after the primary was back: version %d", time.Since(begun), version)
		}
	}
	if err := p.primary.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, r := range p.replicas {
		for limit := time.Now().Add(patience); tableVersion(t, r, "alone") == 0; {
			if time.Now().After(limit) {
				t.Fatalf("replica %d shows nothing after the failover", i)
			}
		}
	}
}
