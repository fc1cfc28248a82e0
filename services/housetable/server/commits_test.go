package server_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// small is a commit of one change, under an operation of its own.
func small(request string, change *htsv1.Change) *htsv1.CommitRequest {
	return &htsv1.CommitRequest{
		Operations: []*htsv1.Operation{{Id: nextID(), Outcome: &htsv1.Outcome{Status: 200}}}, RequestId: request, Principal: "bob",
		Changes: []*htsv1.Change{change},
	}
}

func creating(table string) *htsv1.Change {
	return &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: table}, MetadataLocation: "/0", ImplicitNamespace: true,
	}}}
}

func swapping(table, from, to string) *htsv1.Change {
	return &htsv1.Change{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: table}, Expect: &htsv1.Expectation{MetadataLocation: &from}, MetadataLocation: to,
	}}}
}

// TestCommitsThatGoTogether has many callers swap tables of their own, and lose, through
// one client. Each is told what became of its own commit, once.
func TestCommitsThatGoTogether(t *testing.T) {
	const callers, rounds = 32, 12
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			client := grpcclient.Commits(s.Conn())
			var wait sync.WaitGroup
			for caller := range callers {
				table := fmt.Sprint("t", caller)
				wait.Go(func() {
					mustApply(t, client, small("", creating(table)))
					for n := range rounds {
						swap := small("", swapping(table, fmt.Sprint("/", n), fmt.Sprint("/", n+1)))
						mustApply(t, client, swap)
						if again, err := client.Commit(t.Context(), swap); err != nil || again.GetReplay() == nil {
							t.Errorf("sent again it is answered %v, %v", again, err)
						}
						if late, err := client.Commit(t.Context(), small("", swapping(table, fmt.Sprint("/", n), "/x"))); err != nil || late.GetConflict() == nil {
							t.Errorf("a late one is answered %v, %v", late, err)
						}
						if _, err := client.Commit(t.Context(), small("", swapping(strings.Repeat("x", 300), "/0", "/1"))); status.Code(err) != codes.InvalidArgument {
							t.Errorf("one that cannot be is answered %v", err)
						}
					}
				})
			}
			wait.Wait()
			for caller := range callers {
				got, err := htsv1.NewTableServiceClient(s.Conn()).GetTable(t.Context(), &htsv1.GetTableRequest{Key: &htsv1.TableKey{DatabaseId: "db", TableId: fmt.Sprint("t", caller)}})
				if err != nil || got.GetTable().GetMetadataLocation() != fmt.Sprint("/", rounds) || got.GetTable().GetVersion() != rounds+1 {
					t.Errorf("table %d is %v, %v", caller, got, err)
				}
			}
		})
	}
}

func mustApply(t *testing.T, client htsv1.CommitServiceClient, r *htsv1.CommitRequest) {
	t.Helper()
	if answer, err := client.Commit(t.Context(), r); err != nil || answer.GetCommitted() == nil || answer.GetEpoch() == "" {
		t.Errorf("%v: %v, %v", r.GetChanges(), answer, err)
	}
}

// TestBatchCommit: each of a batch has the answer that it would have alone, in its place;
// those that fail have none, and leave nothing behind.
func TestBatchCommit(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			client := htsv1.NewCommitServiceClient(s.Conn())
			known := small("", creating("a"))
			known.Operations[0].Fingerprint = []byte("one")
			mustApply(t, client, known)
			otherwise := small("", creating("e"))
			otherwise.Operations[0].Id, otherwise.Operations[0].Fingerprint = known.GetOperations()[0].GetId(), []byte("other")
			nowhere := small("", creating("f"))
			nowhere.Warehouse = "nowhere"
			batch := &htsv1.BatchCommitRequest{Commits: []*htsv1.CommitRequest{
				small("", swapping("a", "/0", "/1")), small("", swapping("a", "/7", "/2")), known, small("", creating("b")), small("", creating("B/?\x00")),
				small("", swapping("none", "/0", "/1")), otherwise, nowhere,
				{},
			}}
			answer, err := client.BatchCommit(t.Context(), batch)
			if err != nil || len(answer.GetResponses()) != len(batch.GetCommits()) {
				t.Fatal(answer, err)
			}
			for i, want := range []string{"committed", "conflict", "replay", "committed", "", "conflict", "", "", ""} {
				if got := kindOf(answer.GetResponses()[i]); got != want {
					t.Errorf("commit %d is answered %q, wanted %q", i, got, want)
				}
			}
			batch.Commits = make([]*htsv1.CommitRequest, 129)
			if _, err := client.BatchCommit(t.Context(), batch); status.Code(err) != codes.InvalidArgument {
				t.Errorf("129 commits: %v", err)
			}
			if empty, err := client.BatchCommit(t.Context(), &htsv1.BatchCommitRequest{}); err != nil || len(empty.GetResponses()) > 0 {
				t.Errorf("none: %v, %v", empty, err)
			}
		})
	}
}

func kindOf(r *htsv1.CommitResponse) string {
	switch r.GetResult().(type) {
	case *htsv1.CommitResponse_Committed:
		return "committed"
	case *htsv1.CommitResponse_Conflict:
		return "conflict"
	case *htsv1.CommitResponse_Replay:
		return "replay"
	default:
		return ""
	}
}

// TestBatchesAreAudited: each commit that was answered has a line, as if it had come alone.
func TestBatchesAreAudited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	log, err := audit.Trail{AuditLog: path}.OpenAudit("housetable", noop.NewMeterProvider().Meter("test"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := serveAs(t, server.Config{DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "igloo.db")})
	conn, err := grpcclient.Dial(listenTo(t, s, nil, log.Options()...))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = htsv1.NewCommitServiceClient(conn).BatchCommit(t.Context(), &htsv1.BatchCommitRequest{Commits: []*htsv1.CommitRequest{
		small("req-1", creating("a")), small("req-2", creating(strings.Repeat("x", 300))), small("req-3", creating("b")),
	}})
	if err != nil {
		t.Fatal(err)
	}
	log.Close()
	content, err := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	if err != nil || len(lines) != 2 {
		t.Fatalf("%s, %v", content, err)
	}
	for i, id := range []string{"req-1", "req-3"} {
		for _, part := range []string{`"request_id":"` + id + `"`, `"operation":"CommitService/Commit"`, `"on_behalf_of":"bob"`, `"decision":"allowed"`, `"code":"OK"`} {
			if !strings.Contains(lines[i], part) {
				t.Errorf("%s has no %s", lines[i], part)
			}
		}
	}
}
