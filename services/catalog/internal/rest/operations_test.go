package rest_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

const (
	keyA = "01936a5e-7c00-7000-8000-0000000000aa"
	keyB = "01936a5e-7c00-7000-8000-0000000000bb"
)

// impatient makes a world that waits for a commit's answer but a moment.
func impatient(c *choices) {
	c.settings.CommitDeadline = 300 * time.Millisecond
	c.settings.AttemptTimeout = 50 * time.Millisecond
}

// losing applies the first n commits and loses their answers.
func losing(n int64) htsfake.Intercept {
	var lost atomic.Int64
	return func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		answer, err := next()
		if lost.Add(1) <= n {
			return nil, status.Error(codes.Unavailable, "connection reset by peer")
		}
		return answer, err
	}
}

// never loses every commit before it gets there.
func never(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
	return nil, status.Error(codes.Unavailable, "connection refused")
}

func TestLostAnswersAreAskedForAgain(t *testing.T) {
	for name, header := range map[string][]string{"without a key": nil, "with a key": {"Idempotency-Key", keyA}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.hts.SetIntercept(losing(3))
			w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, header...)
			if n := w.hts.Commits(); n != 4 {
				t.Errorf("%d commits were sent, want 4", n)
			}
		})
	}
}

func TestUnknownAtTheDeadline(t *testing.T) {
	w := newWorld(t, impatient)
	w.hts.SetIntercept(losing(1 << 30))
	w.refused(t, 500, "CommitStateUnknownException", "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["b"]}`, "Idempotency-Key", keyA)
	if r.status != 503 || r.header.Get("Retry-After") != "1" {
		t.Errorf("with a key: %d, Retry-After %q, %s", r.status, r.header.Get("Retry-After"), r.body)
	}
	w.hts.SetIntercept(nil)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["b"]}`, "Idempotency-Key", keyA)
	w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces", `{"namespace":["b"]}`, "Idempotency-Key", keyB)
}

func TestHouseTablesThatSayNothingWasWritten(t *testing.T) {
	w := newWorld(t, impatient)
	w.hts.SetIntercept(func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "starting", RetryAfter: 2 * time.Second}
	})
	r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	if _, kind := r.problem(t); r.status != 503 || kind != "SlowDownException" || r.header.Get("Retry-After") != "2" {
		t.Errorf("%d %s", r.status, r.body)
	}
	w.hts.SetIntercept(func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		return nil, &fault.Error{Kind: fault.Overloaded, Message: "too many", RetryAfter: time.Second}
	})
	w.refused(t, 429, "TooManyRequestsException", "POST", "/v1/namespaces", `{"namespace":["a"]}`)
}

// An earlier sending may have been applied: what the house tables say of the
// later ones does not change that.
func TestUnknownStaysUnknown(t *testing.T) {
	w := newWorld(t, impatient)
	var n atomic.Int64
	w.hts.SetIntercept(func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		if n.Add(1) == 1 {
			_, _ = next()
			return nil, status.Error(codes.Unavailable, "lost")
		}
		return nil, fault.New(fault.Unavailable, "nothing was written")
	})
	w.refused(t, 500, "CommitStateUnknownException", "POST", "/v1/namespaces", `{"namespace":["a"]}`)
}

func TestReplays(t *testing.T) {
	w := newWorld(t)
	create := `{"namespace":["a"],"properties":{"x":"1"}}`
	first := w.do(t, "POST", "/v1/namespaces", create, "Idempotency-Key", keyA)
	for _, body := range []string{create, `{ "properties":{"x":"1"}, "namespace":["a"] }`} {
		if again := w.do(t, "POST", "/v1/namespaces", body, "Idempotency-Key", keyA); again.status != 200 || string(again.body) != string(first.body) {
			t.Errorf("replay: %d %s", again.status, again.body)
		}
	}
	for _, other := range []struct{ method, path, body string }{
		{"POST", "/v1/namespaces", `{"namespace":["b"]}`},
		{"DELETE", "/v1/namespaces/a", ""},
	} {
		message := w.refused(t, 400, "BadRequestException", other.method, other.path, other.body, "Idempotency-Key", keyA)
		if !strings.Contains(message, "Idempotency-Key") {
			t.Error(message)
		}
	}
	// I12: a drop that is sent again is still a success.
	for range 2 {
		w.must(t, "DELETE", "/v1/namespaces/a", "", "Idempotency-Key", keyB)
	}
}

// Whoever asks, the recorded operation answers: also where the cache of replays
// knows nothing, as another replica's.
func TestReplaysWithoutTheCache(t *testing.T) {
	w := newWorld(t)
	second := newWorld(t, func(c *choices) { c.hts = w.hts })
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", keyA)
	second.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", strings.ToUpper(keyA))
	second.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces", `{"namespace":["c"]}`, "Idempotency-Key", keyA)
	w.must(t, "DELETE", "/v1/namespaces/a", "", "Idempotency-Key", keyB)
	second.must(t, "DELETE", "/v1/namespaces/a", "", "Idempotency-Key", keyB)
}

// I3, I5: a refusal that depends on state is an outcome too.
func TestRefusalsAreRecorded(t *testing.T) {
	w := newWorld(t)
	second := newWorld(t, func(c *choices) { c.hts = w.hts })
	before := w.refused(t, 404, "NoSuchNamespaceException", "DELETE", "/v1/namespaces/a", "", "Idempotency-Key", keyA)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	for _, replica := range []*world{w, second} {
		if again := replica.refused(t, 404, "NoSuchNamespaceException", "DELETE", "/v1/namespaces/a", "", "Idempotency-Key", keyA); again != before {
			t.Errorf("replay: %q, first: %q", again, before)
		}
	}
	w.must(t, "GET", "/v1/namespaces/a", "")
}

// Of requests at the same time under one key, one is applied and all are told so.
func TestConcurrentDuplicates(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", keyA); r.status != 200 {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	group.Wait()
}

// I8: a request whose key is at work waits for the end, and is never told of a
// conflict; another request under that key is told at once.
func TestDuplicatesWait(t *testing.T) {
	w := newWorld(t)
	arrived, proceed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var operations sync.Map
	w.hts.SetIntercept(func(_ context.Context, r *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		operations.Store(string(r.GetOperations()[0].GetId()), true)
		once.Do(func() { close(arrived) }) // what is not answered for long is sent again
		<-proceed
		return next()
	})
	var group sync.WaitGroup
	send := func() {
		if r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", keyA); r.status != 200 {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	group.Go(send)
	<-arrived
	for range 4 {
		group.Go(send)
	}
	w.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces", `{"namespace":["b"]}`, "Idempotency-Key", keyA)
	close(proceed)
	group.Wait()
	n := 0
	operations.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d operations reached the house tables", n)
	}
}

// U4: a client that goes away does not take its commit with it.
func TestCommitsOutliveTheirClient(t *testing.T) {
	w := newWorld(t)
	arrived, left := make(chan struct{}), make(chan struct{})
	w.hts.SetIntercept(func(ctx context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		close(arrived)
		<-left
		if err := ctx.Err(); err != nil {
			t.Errorf("the commit's context ended with its client: %v", err)
		}
		return next()
	})
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.abandon(ctx, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	}()
	<-arrived
	leave()
	<-done
	time.AfterFunc(20*time.Millisecond, func() { close(left) })
	w.eventually(t, "/v1/namespaces/a")
}

// U4: what was refused before anything was written may be sent again, and Java
// sends a POST again for a Retry-After alone.
func TestRefusedBeforeAnyWrite(t *testing.T) {
	for kind, status := range map[fault.Kind]int{fault.Unavailable: 503, fault.Overloaded: 429} {
		w := newWorld(t, impatient)
		w.hts.SetIntercept(func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
			return nil, fault.New(kind, "nothing was written")
		})
		if r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`); r.status != status || r.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d, Retry-After %q", kind, r.status, r.header.Get("Retry-After"))
		}
	}
}
