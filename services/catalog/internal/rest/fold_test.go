package rest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// queue is a table with a commit under way, which is held, and others that come
// meanwhile. It lives in a bubble: what is sent stands still when it is waited for.
type queue struct {
	*world
	proceed chan struct{}
	group   sync.WaitGroup
	mu      sync.Mutex
	sent    []*htsv1.CommitRequest // those after the one that is held
}

// newQueue holds the first commit, and lets then decide about the others; nil
// lets them pass.
func newQueue(t *testing.T, then htsfake.Intercept, change ...func(*choices)) *queue {
	t.Helper()
	q := &queue{world: newSilentWorld(t, change...), proceed: make(chan struct{})}
	q.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	q.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`}`)
	q.must(t, "POST", "/v1/namespaces/n/views", createsView("v"))
	q.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"u","schema":`+schema+`}`)
	first := true
	q.hts.SetIntercept(func(ctx context.Context, r *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		q.mu.Lock()
		held := first
		first = false
		if !held {
			q.sent = append(q.sent, r)
		}
		q.mu.Unlock()
		switch {
		case held:
			<-q.proceed
		case then != nil:
			return then(ctx, r, next)
		}
		return next()
	})
	return q
}

// post sends a request and returns once it waits for something. Its answer is
// there after release.
func (q *queue) post(t *testing.T, path, body string, header ...string) *response {
	t.Helper()
	answer := &response{}
	q.group.Go(func() { *answer = q.do(t, "POST", path, body, header...) })
	synctest.Wait()
	return answer
}

// release lets the commit go that is held, and returns once all are answered.
func (q *queue) release() {
	close(q.proceed)
	q.group.Wait()
}

func key(n int) []string {
	return []string{"Idempotency-Key", fmt.Sprintf("01936a5e-7c00-7000-8000-000000002%03d", n)}
}

// tagged tags snapshot 1.
func tagged(name string) string {
	return fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-snapshot-ref","ref-name":%q,"type":"tag","snapshot-id":1}]}`, name)
}

// What waits while a commit is under way becomes true by one file and one swap,
// with a record of each.
func TestWaitingCommitsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		first := q.post(t, table, appends(1, 0, "file:///m1"))
		bodies := make([]string, 6, 8)
		for i := range bodies {
			bodies[i] = setProperty(fmt.Sprintf("k%d", i), "v")
		}
		bodies = append(bodies, tagged("one"), unchanging)
		answers := make([]*response, len(bodies))
		for i, body := range bodies {
			answers[i] = q.post(t, table, body, key(i)[:2*(i%2)]...)
		}
		q.release()
		now := q.must(t, "GET", table, "")
		if first.status != 200 || len(q.sent) != 1 || len(q.sent[0].GetOperations()) != len(bodies) || len(q.sent[0].GetChanges()) != 1 {
			t.Fatalf("%d %s, then %v", first.status, first.body, q.sent)
		}
		if log := at(now, "metadata", "metadata-log").([]any); len(log) != 2 || text(now, "metadata", "properties", "k5") != "v" {
			t.Errorf("%v", now)
		}
		for i, answer := range answers {
			if answer.status != 200 || text(answer.json(t), "metadata-location") != text(now, "metadata-location") {
				t.Errorf("%s: %d %s", bodies[i], answer.status, answer.body)
			}
		}
		second := q.replica(t)
		for i := 1; i < len(bodies); i += 2 {
			if again := second.do(t, "POST", table, bodies[i], key(i)...); string(again.body) != string(answers[i].body) {
				t.Errorf("%s again: %d %s", bodies[i], again.status, again.body)
			}
		}
	})
}

// Each is checked on what those before it made, and fails by itself.
func TestEachOfAFoldHasItsOwnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		q.post(t, table, setProperty("first", "1"))
		again := appends(1, 0, "file:///m1")
		requests := []struct {
			body   string
			status int
			says   string
		}{
			{tagged("early"), 400, "unknown snapshot: 1"},
			{again, 200, `"current-snapshot-id":3`},
			{appends(2, 0, "file:///m2"), 409, "expected none, found 1"},
			{appends(3, 1, "file:///m3"), 200, `"snapshot-id":3`},
			{again, 200, `"snapshot-id":1`},
			{strings.Replace(again, "m1", "other", 1), 500, "with another manifest list"},
			{tagged("late"), 200, `"late":`},
			{setProperty("write.metadata.compression-codec", "zstd"), 400, "allowed are none, gzip"},
			{`{"requirements":[],"updates":[{"action":"set-location","location":"file:///elsewhere"}]}`, 400, "elsewhere"},
			{setProperty("last", "1"), 200, `"last":"1"`},
		}
		answers := map[int]*response{}
		for i := range requests {
			answers[i] = q.post(t, table, requests[i].body, key(i)...)
		}
		q.release()
		if len(q.sent) != 1 || len(q.sent[0].GetOperations()) != len(requests)-1 {
			t.Fatalf("%v", q.sent)
		}
		second := q.replica(t)
		for i, want := range requests {
			if got := answers[i]; got.status != want.status || !strings.Contains(string(got.body), want.says) {
				t.Errorf("%d: %d %s", i, got.status, got.body)
			}
			if got := second.do(t, "POST", table, want.body, key(i)...); got.status != want.status || string(got.body) != string(answers[i].body) {
				t.Errorf("%d again: %d %s", i, got.status, got.body)
			}
		}
		lost, _ := answers[2].problem(t)
		if now := q.must(t, "GET", table, ""); !strings.Contains(lost, "current is version 3") || !strings.Contains(lost, "and 4 more") ||
			!strings.Contains(lost, text(now, "metadata-location")) {
			t.Errorf("%s", lost)
		}
	})
}

// A fold that loses its swap is applied again, each on what is then.
func TestFoldThatLosesItsSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q *queue
		var second *world
		q = newQueue(t, meanwhile(func() { second.must(t, "POST", table, appends(9, 0, "file:///m9")) }))
		second = q.replica(t)
		q.post(t, table, setProperty("first", "1"))
		mine := []*response{
			q.post(t, table, appends(1, 0, "file:///m1"), key(1)...), q.post(t, table, appends(2, 0, "file:///m2"), key(2)...),
			q.post(t, table, appends(10, 9, "file:///m10"), key(3)...), q.post(t, table, setProperty("a", "b")),
		}
		q.release()
		for i, status := range []int{409, 409, 200, 200} {
			if mine[i].status != status || status == 409 && !strings.Contains(string(mine[i].body), "found 9") {
				t.Errorf("%d: %d %s", i, mine[i].status, mine[i].body)
			}
		}
		if files := q.metadataFiles(t); len(files) != 6 { // u's, v's, and four of t
			t.Errorf("files: %q", files)
		}
	})
}

// U4, U5: where nobody knows, everybody is told so in the words for them; what
// was refused on a state that may never be was certainly not applied.
func TestFoldOfUnknownOutcome(t *testing.T) {
	for name, lose := range map[string]htsfake.Intercept{"applied": losing(1 << 30), "never arrived": never} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, lose)
				q.post(t, table, setProperty("first", "1"))
				early := q.post(t, table, tagged("early")) // refused on what is remembered
				appended, refused := appends(1, 0, "file:///m1"), appends(3, 0, "file:///m3")
				keyed := q.post(t, table, appended, key(1)...)
				keyless := q.post(t, table, setProperty("a", "b"))
				late, lateKeyed := q.post(t, table, appends(2, 0, "file:///m2")), q.post(t, table, refused, key(2)...)
				q.release()
				if _, kind := keyless.problem(t); keyless.status != 500 || kind != "CommitStateUnknownException" {
					t.Errorf("without a key: %d %s", keyless.status, keyless.body)
				}
				for _, r := range []*response{early, keyed, late, lateKeyed} {
					if r.status != 503 || r.header.Get("Retry-After") != "1" {
						t.Errorf("%d %s", r.status, r.body)
					}
				}
				q.hts.SetIntercept(nil)
				q.must(t, "POST", table, appended, key(1)...)
				q.refused(t, 409, "CommitFailedException", "POST", table, refused, key(2)...)
				if now := q.replica(t).must(t, "GET", table, ""); len(at(now, "metadata", "snapshots").([]any)) != 1 {
					t.Errorf("%v", now)
				}
			})
		})
	}
}

// The answer to a fold is asked for until it comes.
func TestFoldWhoseAnswerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, losing(2))
		q.post(t, table, setProperty("first", "1"))
		answers := []*response{q.post(t, table, appends(1, 0, "file:///m1")), q.post(t, table, appends(2, 0, "file:///m2")), q.post(t, table, setProperty("a", "b"), key(1)...)}
		q.release()
		for i, status := range []int{200, 409, 200} {
			if answers[i].status != status {
				t.Errorf("%d: %d %s", i, answers[i].status, answers[i].body)
			}
		}
		q.replica(t).must(t, "GET", table, "")
	})
}

// Where nothing was written, everybody may come again.
func TestFoldThatIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
			return nil, &fault.Error{Kind: fault.Overloaded, Message: "too many", RetryAfter: 2 * time.Second}
		})
		q.post(t, table, setProperty("first", "1"))
		answers := []*response{q.post(t, table, setProperty("a", "b")), q.post(t, table, setProperty("c", "d"), key(1)...)}
		q.release()
		for _, r := range answers {
			if r.status != 429 || r.header.Get("Retry-After") != "2" {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
		if files := q.metadataFiles(t); len(files) != 4 {
			t.Errorf("the file of what was turned away stayed: %q", files)
		}
	})
}

// An operation that another replica has recorded answers from its record, and is
// not applied again with the others.
func TestFoldWithWhatWasDoneElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		second := q.replica(t)
		q.post(t, table, setProperty("first", "1"))
		mine := []*response{
			q.post(t, table, setProperty("a", "1"), key(1)...),
			q.post(t, table, setProperty("b", "1"), key(2)...),
			q.post(t, table, appends(1, 0, "file:///m")),
		}
		elsewhere := second.do(t, "POST", table, setProperty("a", "1"), key(1)...)
		second.must(t, "POST", table, setProperty("a", "2"))
		second.must(t, "POST", "/v1/namespaces", `{"namespace":["m"]}`, key(2)...)
		q.release()
		if mine[0].status != 200 || string(mine[0].body) != string(elsewhere.body) {
			t.Errorf("%d %s", mine[0].status, mine[0].body)
		}
		if mine[1].status != 400 || !strings.Contains(string(mine[1].body), "Idempotency-Key was used before") || mine[2].status != 200 {
			t.Errorf("%d %s, %d %s", mine[1].status, mine[1].body, mine[2].status, mine[2].body)
		}
		now := q.must(t, "GET", table, "")
		properties := at(now, "metadata", "properties").(map[string]any)
		if properties["a"] != "2" || properties["b"] != nil || at(now, "metadata", "current-snapshot-id") == nil {
			t.Errorf("%v", now)
		}
	})
}

// Two sendings of one request are never in one fold: a cache of replays that
// forgets lets both through.
func TestFoldOfOneRequestTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil, func(c *choices) { c.forgetful = true })
		q.post(t, table, setProperty("first", "1"))
		answers := []*response{
			q.post(t, table, appends(1, 0, "file:///m"), key(1)...), q.post(t, table, appends(1, 0, "file:///m"), key(1)...), q.post(t, table, setProperty("a", "b")),
		}
		q.release()
		for _, r := range answers {
			if r.status != 200 {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
		if string(answers[0].body) != string(answers[1].body) {
			t.Errorf("%s\n%s", answers[0].body, answers[1].body)
		}
	})
}

// U4: whose client goes before its turn is not applied; once it has begun it is
// carried to its end.
func TestFoldWhoseClientsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived, held := make(chan struct{}), make(chan struct{})
		q := newQueue(t, func(ctx context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
			close(arrived)
			<-held
			if ctx.Err() != nil {
				return nil, status.Error(codes.Canceled, "gone")
			}
			return next()
		})
		q.post(t, table, setProperty("first", "1"))
		before, leaveBefore := context.WithCancel(t.Context())
		within, leaveWithin := context.WithCancel(t.Context())
		q.group.Go(func() { q.abandon(before, "POST", table, setProperty("before", "1")) })
		q.group.Go(func() { q.abandon(within, "POST", table, setProperty("within", "1")) })
		synctest.Wait()
		stays := q.post(t, table, setProperty("stays", "1"))
		leaveBefore()
		synctest.Wait()
		close(q.proceed)
		<-arrived
		leaveWithin()
		synctest.Wait()
		close(held)
		q.group.Wait()
		properties := at(q.must(t, "GET", table, ""), "metadata", "properties").(map[string]any)
		if stays.status != 200 || properties["before"] != nil || properties["within"] != "1" || properties["stays"] != "1" {
			t.Errorf("%d, %v", stays.status, properties)
		}
	})
}

// Folds are bounded, in the order of their coming, and tables do not wait for
// one another.
func TestLimitsOfFolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil, func(c *choices) {
			c.settings.Folds.Members, c.settings.Folds.Waiting = 2, 5
			c.settings.Folds.Bytes, c.settings.Folds.WaitingBytes = 1000, 5000
		})
		q.post(t, table, setProperty("first", "1"))
		if r := q.post(t, "/v1/namespaces/n/tables/u", setProperty("other", "1")); r.status != 200 {
			t.Errorf("another table waits: %d", r.status)
		}
		answers := []*response{
			q.post(t, table, setProperty("a", "1")), q.post(t, table, setProperty("b", "1")),
			q.post(t, table, setProperty("c", "1")), q.post(t, table, setProperty("large", strings.Repeat("x", 2000))),
			nil,
		}
		tooLarge := q.post(t, table, setProperty("larger", strings.Repeat("x", 3000)))
		answers[4] = q.post(t, table, setProperty("e", "1"))
		tooMany := q.post(t, table, setProperty("f", "1"))
		for _, r := range []*response{tooLarge, tooMany} {
			if r.status != 429 || r.header.Get("Retry-After") != "1" {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
		q.release()
		folds := ""
		for _, r := range q.sent[1:] {
			folds += fmt.Sprint(len(r.GetOperations()), " ")
		}
		if folds != "2 1 1 1 " {
			t.Errorf("folds of %s", folds)
		}
		for i, r := range answers {
			if r.status != 200 {
				t.Errorf("%d: %d %s", i, r.status, r.body)
			}
		}
	})
}

// A commit whose turn does not come in time was not applied.
func TestFoldThatWaitsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, losing(1<<30), func(c *choices) { c.settings.Folds.Members = 1 })
		q.post(t, table, setProperty("first", "1"))
		second := q.post(t, table, setProperty("second", "1"))
		time.Sleep(time.Second)
		third := q.post(t, table, setProperty("third", "1"))
		time.Sleep(28 * time.Second)
		q.release()
		if second.status != 500 || third.status != 503 || third.header.Get("Retry-After") != "1" {
			t.Errorf("%d %s, %d %s", second.status, second.body, third.status, third.body)
		}
		if properties := at(q.must(t, "GET", table, ""), "metadata", "properties").(map[string]any); properties["second"] != "1" || properties["third"] != nil {
			t.Errorf("%v", properties)
		}
	})
}

// CM7, CM8: a fold deletes what leaves its log, and an expiry does not take along
// what was tagged after its client had looked.
func TestFoldKeepsWhatItsMembersDoNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		second := q.replica(t)
		q.post(t, "/v1/namespaces/n/tables/u", setProperty("first", "1")) // is held
		for _, body := range []string{
			appends(1, 0, "file:///m1"), appends(2, 1, "file:///m2"),
			`{"requirements":[],"updates":[{"action":"set-properties","updates":{"write.metadata.previous-versions-max":"2","write.metadata.delete-after-commit.enabled":"true"}}]}`,
		} {
			second.must(t, "POST", table, body)
		}
		q.release()
		files := len(q.metadataFiles(t))
		q2 := &queue{world: q.world, proceed: make(chan struct{})}
		q.hts.SetIntercept(holdFirst(q2.proceed))
		q2.post(t, table, tagged("first"))
		expiry := `{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`
		knowsNot := q2.post(t, table, expiry)
		q2.post(t, table, setProperty("a", "1"))
		q2.release()
		if knowsNot.status != 409 || !strings.Contains(string(knowsNot.body), "first") {
			t.Errorf("%d %s", knowsNot.status, knowsNot.body)
		}
		if now := len(q.metadataFiles(t)); now != files {
			t.Errorf("%d files, %d before", now, files)
		}
	})
}

func holdFirst(proceed chan struct{}) htsfake.Intercept {
	var held atomic.Bool
	return func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		if !held.Swap(true) {
			<-proceed
		}
		return next()
	}
}

// A table that is gone is gone for all, and a transaction races with a fold as
// any other commit does.
func TestFoldBesideOtherCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		q.post(t, table, setProperty("first", "1"))
		a, b := q.post(t, table, setProperty("a", "1")), q.post(t, table, setProperty("b", "1"), key(1)...)
		q.must(t, "POST", transactions, transaction(change("t", setProperty("both", "1")), change("u", setProperty("both", "1"))))
		q.release()
		properties := at(q.must(t, "GET", table, ""), "metadata", "properties").(map[string]any)
		for _, name := range []string{"first", "a", "b", "both"} {
			if properties[name] != "1" {
				t.Errorf("%s is lost: %v", name, properties)
			}
		}
		gone := &queue{world: q.world, proceed: make(chan struct{})}
		q.hts.SetIntercept(holdFirst(gone.proceed))
		gone.post(t, table, setProperty("first", "2"))
		c, d := gone.post(t, table, setProperty("c", "1")), gone.post(t, table, setProperty("d", "1"), key(2)...)
		q.replica(t).must(t, "DELETE", table, "")
		gone.release()
		if a.status != 200 || b.status != 200 || c.status != 404 || d.status != 404 {
			t.Errorf("%d %d %d %d", a.status, b.status, c.status, d.status)
		}
	})
}

func TestViewsFold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		q.post(t, view, replacesView("select 2"))
		id := "00000000-0000-0000-0000-000000000000"
		answers := []*response{
			q.post(t, view, replacesView("select 3")),
			q.post(t, view, `{"requirements":[{"type":"assert-view-uuid","uuid":"`+id+`"}],"updates":[]}`),
			q.post(t, view, `{"updates":[{"action":"set-properties","updates":{"a":"b"}}]}`),
		}
		q.release()
		for i, status := range []int{200, 409, 200} {
			if answers[i].status != status {
				t.Errorf("%d: %d %s", i, answers[i].status, answers[i].body)
			}
		}
		if now := q.must(t, "GET", view, ""); len(q.sent) != 1 || len(at(now, "metadata", "versions").([]any)) != 3 || text(now, "metadata", "properties", "a") != "b" {
			t.Errorf("%d commits, %v", len(q.sent), now)
		}
	})
}
