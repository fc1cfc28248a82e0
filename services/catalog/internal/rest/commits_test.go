package rest_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// meanwhile lets something happen between the first commit's sending and its arrival.
func meanwhile(happens func()) htsfake.Intercept {
	var once sync.Once
	var inside atomic.Bool
	return func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		if !inside.Load() {
			once.Do(func() {
				inside.Store(true)
				happens()
				inside.Store(false)
			})
		}
		return next()
	}
}

// CM4: a lost swap is tried again on the new head.
func TestLostSwapIsRebased(t *testing.T) {
	w := withTable(t)
	other := w.replica(t)
	w.hts.SetIntercept(meanwhile(func() { other.must(t, "POST", table, setProperty("theirs", "1")) }))
	mine := w.must(t, "POST", table, setProperty("mine", "1"))
	if text(mine, "metadata", "properties", "mine") != "1" || text(mine, "metadata", "properties", "theirs") != "1" {
		t.Errorf("%v", at(mine, "metadata", "properties"))
	}
	if files := w.metadataFiles(t); len(files) != 3 {
		t.Errorf("the loser's file stayed: %q", files)
	}
}

// A requirement that the winner broke ends the rebase, and the answer says who.
func TestLostSwapWhoseRequirementFails(t *testing.T) {
	w := withTable(t)
	other := w.replica(t)
	w.hts.SetIntercept(meanwhile(func() { other.must(t, "POST", table, appends(7, 0, "file:///theirs")) }))
	message := w.refused(t, 409, "CommitFailedException", "POST", table, appends(8, 0, "file:///mine"))
	for _, part := range []string{"Requirement failed: ", "main", "current is version 2, committed at 20"} {
		if !strings.Contains(message, part) {
			t.Errorf("message %q does not say %q", message, part)
		}
	}
	if files := w.metadataFiles(t); len(files) != 2 {
		t.Errorf("the loser's file stayed: %q", files)
	}
}

// DT3: the commit after a drop fails, and nothing comes back.
func TestCommitAfterDrop(t *testing.T) {
	w := withTable(t)
	w.hts.SetIntercept(meanwhile(func() { w.must(t, "DELETE", table, "") }))
	w.refused(t, 404, "NoSuchTableException", "POST", table, setProperty("a", "b"))
	w.refused(t, 404, "NoSuchTableException", "GET", table, "")
}

func TestCreateThatLosesItsNameOrNamespace(t *testing.T) {
	w := withTable(t)
	create := `{"name":"c","schema":` + schema + `}`
	w.hts.SetIntercept(meanwhile(func() { w.must(t, "POST", "/v1/namespaces/n/tables", create) }))
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/tables", create)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["gone"]}`)
	w.hts.SetIntercept(meanwhile(func() { w.must(t, "DELETE", "/v1/namespaces/gone", "") }))
	w.refused(t, 404, "NoSuchNamespaceException", "POST", "/v1/namespaces/gone/tables", create)
	if files := w.metadataFiles(t); len(files) != 2 {
		t.Errorf("files: %q", files)
	}
}

func TestEndlessRaceEnds(t *testing.T) {
	w := withTable(t, func(c *choices) { c.settings.Tries = 3 })
	var n atomic.Int64
	w.hts.SetIntercept(func(_ context.Context, r *htsv1.CommitRequest, _ func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		n.Add(1)
		return &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Conflict{Conflict: &htsv1.Conflict{Changes: []*htsv1.ChangeConflict{
			{Reason: htsv1.ConflictReason_CONFLICT_REASON_VERSION_MISMATCH},
		}}}}, nil
	})
	message := w.refused(t, 409, "CommitFailedException", "POST", table, setProperty("a", "b"))
	if n.Load() != 3 || !strings.Contains(message, "3 times") {
		t.Errorf("%d tries: %s", n.Load(), message)
	}
	if files := w.metadataFiles(t); len(files) != 1 {
		t.Errorf("files: %q", files)
	}
}

// U5: the file of a commit whose fate is unknown stays, and the same request
// under its key finds out.
func TestUnknownCommitKeepsItsFile(t *testing.T) {
	for name, lose := range map[string]htsfake.Intercept{"applied": losing(1 << 30), "never arrived": never} {
		t.Run(name, func(t *testing.T) {
			w := withTable(t, impatient)
			w.hts.SetIntercept(lose)
			w.refused(t, 500, "CommitStateUnknownException", "POST", table, setProperty("a", "b"))
			mine := appends(5, 0, "file:///m")
			if r := w.do(t, "POST", table, mine, "Idempotency-Key", keyA); r.status != 503 || r.header.Get("Retry-After") == "" {
				t.Errorf("with a key: %d %s", r.status, r.body)
			}
			if files := w.metadataFiles(t); len(files) != 3 {
				t.Errorf("files: %q", files)
			}
			w.hts.SetIntercept(nil)
			for range 2 {
				w.must(t, "POST", table, mine, "Idempotency-Key", keyA)
			}
			w.loads(t)
		})
	}
}

// loads makes sure that the table can be read by one who has nothing in memory.
func (w *world) loads(t *testing.T) map[string]any {
	t.Helper()
	second := w.replica(t)
	return second.must(t, "GET", table, "")
}

func TestLostAnswerOfACommit(t *testing.T) {
	w := withTable(t)
	w.hts.SetIntercept(losing(2))
	committed := w.must(t, "POST", table, appends(5, 0, "file:///m"))
	if diff := text(w.loads(t), "metadata-location"); diff != text(committed, "metadata-location") {
		t.Error(diff)
	}
	if files := w.metadataFiles(t); len(files) != 2 {
		t.Errorf("files: %q", files)
	}
}

// A replay answers as the first did, whatever happened to the table since.
func TestReplayOfACommit(t *testing.T) {
	w := withTable(t)
	body := appends(5, 0, "file:///m")
	first := w.do(t, "POST", table, body, "Idempotency-Key", keyA)
	w.must(t, "POST", table, setProperty("later", "1"))
	second := w.replica(t)
	for _, replica := range []*world{w, second} {
		again := replica.do(t, "POST", table, body, "Idempotency-Key", keyA)
		if again.status != 200 || string(again.body) != string(first.body) || again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("replay: %d %s\nfirst: %s", again.status, again.body, first.body)
		}
	}
	second.refused(t, 400, "BadRequestException", "POST", table, setProperty("x", "y"), "Idempotency-Key", keyA)
}

// I13: a client without keys that sends its commit again finds it applied.
func TestNaturalIdempotency(t *testing.T) {
	w := withTable(t)
	body := appends(5, 0, "file:///m")
	w.must(t, "POST", table, body)
	w.must(t, "POST", table, setProperty("later", "1"))
	commits := w.hts.Commits()
	again := w.must(t, "POST", table, body)
	if text(again, "metadata", "properties", "later") != "1" || w.hts.Commits() != commits {
		t.Errorf("sent again: %v", again)
	}
	other := strings.Replace(body, "file:///m", "file:///other", 1)
	w.refused(t, 500, "CommitStateUnknownException", "POST", table, other)
}

// unchanging is a commit that asks for what is.
const unchanging = `{"requirements":[],"updates":[{"action":"upgrade-format-version","format-version":2}]}`

// CM6: nothing changes, nothing is written.
func TestCommitWithoutChange(t *testing.T) {
	w := withTable(t)
	before := w.must(t, "POST", table, setProperty("a", "b"))
	commits := w.hts.Commits()
	again := w.must(t, "POST", table, unchanging)
	if text(again, "metadata-location") != text(before, "metadata-location") || len(w.metadataFiles(t)) != 2 || w.hts.Commits() != commits {
		t.Errorf("%v", again)
	}
	w.must(t, "POST", table, unchanging, "Idempotency-Key", keyA)
}

// Of appends that all start from the same head, one wins.
func TestConcurrentAppends(t *testing.T) {
	w := withTable(t)
	var won atomic.Int64
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			switch r := w.do(t, "POST", table, appends(int64(i+1), 0, fmt.Sprintf("file:///m%d", i))); r.status {
			case 200:
				won.Add(1)
			case 409:
			default:
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d appends won", won.Load())
	}
}

// CM8: an expiry that was computed before somebody tagged the snapshot must not
// take the tag with it.
func TestRebaseKeepsForeignTags(t *testing.T) {
	w := withTable(t)
	w.must(t, "POST", table, appends(1, 0, "file:///m1"))
	w.must(t, "POST", table, appends(2, 1, "file:///m2"))
	other := w.replica(t)
	w.hts.SetIntercept(meanwhile(func() {
		other.must(t, "POST", table, `{"requirements":[],"updates":[{"action":"set-snapshot-ref","ref-name":"keep","type":"tag","snapshot-id":1}]}`)
	}))
	message := w.refused(t, 409, "CommitFailedException", "POST", table, `{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`)
	if !strings.Contains(message, "keep") {
		t.Error(message)
	}
}

func TestReadsWhileHouseTablesAreAway(t *testing.T) {
	w := withTable(t, impatient)
	w.hts.SetIntercept(func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		return nil, status.Error(codes.PermissionDenied, "a proxy says no")
	})
	w.refused(t, 500, "InternalServerError", "POST", table, setProperty("a", "b"))
	w.must(t, "GET", table, "")
}

// What was applied and cannot be shown is not a failure: a client that took it
// for one would delete the files of a live snapshot.
func TestAppliedCommitThatCannotBeShown(t *testing.T) {
	w := withTable(t)
	w.hts.SetIntercept(func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		answer, err := next()
		for _, file := range w.metadataFiles(t) {
			check(t, os.Remove(file))
		}
		return answer, err
	})
	w.refused(t, 500, "CommitStateUnknownException", "POST", table, setProperty("a", "b"))
}
