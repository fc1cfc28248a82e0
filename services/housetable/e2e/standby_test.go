package e2e_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

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
	if err := p.standby.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
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
