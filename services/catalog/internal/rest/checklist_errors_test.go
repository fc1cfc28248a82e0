package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// The protocol's rules by their ids: E errors, U unknown outcomes. Those that
// other tests are named by are not repeated.
func TestRulesOfErrors(t *testing.T) {
	t.Run("E2 errors of views and 406 are wrapped too", func(t *testing.T) {
		w := withView(t)
		w.refused(t, 406, "UnsupportedOperationException", "POST", "/v1/oauth/tokens", "")
		w.refused(t, 404, "NoSuchViewException", "GET", "/v1/namespaces/n/views/x", "")
		w.refused(t, 409, "AlreadyExistsException", "POST", "/v1/namespaces/n/views", createsView("v"))
		impatientNow := w.replica(t, impatient)
		w.hts.SetIntercept(never)
		impatientNow.refused(t, 500, "CommitStateUnknownException", "POST", view, replacesView("select 2"))
	})
	t.Run("E3 one status and one type for each error", everyStatus)
	t.Run("E4 the types that Java tells errors apart by", whatJavaThrows)
	t.Run("E5 unknown is 500, not applied is 503", func(t *testing.T) {
		w := withTable(t, impatient)
		w.hts.SetIntercept(losing(1 << 30))
		w.refused(t, 500, "CommitStateUnknownException", "POST", table, setProperty("a", "1"))
		w.hts.SetIntercept(refusing(fault.Unavailable))
		w.refused(t, 503, "SlowDownException", "POST", table, setProperty("a", "2"))
	})
	t.Run("E6 what was applied is never a 4xx", neverCleanable)
	t.Run("U2 Retry-After stands where nothing was written, or where a key finds out", func(t *testing.T) {
		w := withTable(t, impatient)
		w.hts.SetIntercept(losing(1 << 30))
		if r := w.do(t, "POST", table, setProperty("a", "1")); r.header.Get("Retry-After") != "" {
			t.Errorf("applied, without a key: %d, Retry-After %s", r.status, r.header.Get("Retry-After"))
		}
		if r := w.do(t, "POST", table, setProperty("a", "2"), "Idempotency-Key", keyA); r.status != 503 || r.header.Get("Retry-After") == "" {
			t.Errorf("applied, with a key: %d %s", r.status, r.body)
		}
		w.hts.SetIntercept(refusing(fault.Unavailable))
		if r := w.do(t, "POST", table, setProperty("a", "3")); r.status != 503 || r.header.Get("Retry-After") == "" {
			t.Errorf("nothing was written: %d %s", r.status, r.body)
		}
	})
	t.Run("U3 a client that looks for its snapshot finds it", func(t *testing.T) {
		w := withTable(t, impatient)
		w.hts.SetIntercept(losing(1 << 30))
		w.refused(t, 500, "CommitStateUnknownException", "POST", table, appends(7, 0, "file:///m"))
		if got := at(w.must(t, "GET", table, ""), "metadata", "current-snapshot-id"); got != 7.0 {
			t.Errorf("current snapshot %v", got)
		}
	})
}

// everyStatus has the house tables refuse in every way, for a route where each
// may be answered.
func everyStatus(t *testing.T) {
	w := newWorld(t, impatient)
	for kind, want := range map[fault.Kind]struct {
		status int
		kind   string
	}{
		fault.Invalid: {400, "BadRequestException"}, fault.Unauthenticated: {401, "NotAuthorizedException"},
		fault.Forbidden: {403, "ForbiddenException"}, fault.NoSuchNamespace: {404, "NoSuchNamespaceException"},
		fault.Unsupported: {406, "UnsupportedOperationException"}, fault.AlreadyExists: {409, "AlreadyExistsException"},
		fault.NotEmpty: {409, "NamespaceNotEmptyException"}, fault.Unprocessable: {422, "UnprocessableEntityException"},
		fault.Overloaded: {429, "TooManyRequestsException"}, fault.Internal: {500, "InternalServerError"},
		fault.Unavailable: {503, "SlowDownException"},
	} {
		w.hts.SetIntercept(refusing(kind))
		w.refused(t, want.status, want.kind, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	}
}

// whatJavaThrows has, for each of Java's error handlers, the types that it knows.
func whatJavaThrows(t *testing.T) {
	w := newWorld(t, planning(t))
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`}`)
	location := text(w.must(t, "GET", table, ""), "metadata-location")
	staged := createsStaged(map[string]any{"metadata": map[string]any{"table-uuid": "5f1e7a60-0000-4000-8000-000000000001", "location": "file://" + w.folder + "/x"}})
	const nowhere = "/v1/namespaces/nowhere"
	rename := func(to string) string {
		return `{"source":{"namespace":["n"],"name":"t"},"destination":{"namespace":["` + to + `"],"name":"u"}}`
	}
	for _, call := range []struct {
		method, path, body string
		status             int
		kind               string
	}{
		{"GET", "/v1/config?warehouse=nowhere", "", 404, "NoSuchWarehouseException"},
		{"GET", nowhere + "/tables", "", 404, "NoSuchNamespaceException"},
		{"GET", nowhere + "/views", "", 404, "NoSuchNamespaceException"},
		{"GET", nowhere + "/tables/t", "", 404, "NoSuchTableException"},
		{"POST", nowhere + "/tables", `{"name":"t","schema":` + schema + `}`, 404, "NoSuchNamespaceException"},
		{"POST", nowhere + "/tables", `{"name":"t","stage-create":true,"schema":` + schema + `}`, 404, "NoSuchNamespaceException"},
		{"POST", nowhere + "/register", fmt.Sprintf(`{"name":"t","metadata-location":%q}`, location), 404, "NoSuchNamespaceException"},
		{"POST", "/v1/tables/rename", rename("nowhere"), 404, "NoSuchNamespaceException"},
		{"POST", "/v1/tables/rename", strings.Replace(rename("n"), `"t"`, `"x"`, 1), 404, "NoSuchTableException"},
		{"POST", "/v1/namespaces/n/tables/x", setProperty("a", "b"), 404, "NoSuchTableException"},
		{"POST", nowhere + "/tables/x", staged, 404, "NoSuchNamespaceException"},
		{"POST", table, `{"requirements":[{"type":"assert-create"}],"updates":[]}`, 409, "AlreadyExistsException"},
		{"GET", nowhere + "/views/v", "", 404, "NoSuchViewException"},
		{"POST", "/v1/namespaces/n/views/x", replacesView("select 2"), 404, "NoSuchViewException"},
		{"POST", "/v1/namespaces/n/tables/x/plan", `{}`, 404, "NoSuchTableException"},
		{"GET", table + "/plan/x", "", 404, "NoSuchPlanIdException"},
		{"DELETE", table + "/plan/x", "", 404, "NoSuchPlanIdException"},
		{"POST", table + "/tasks", `{"plan-task":"x"}`, 404, "NoSuchPlanTaskException"},
		{"DELETE", "/v1/namespaces/n", "", 409, "NamespaceNotEmptyException"},
	} {
		w.refused(t, call.status, call.kind, call.method, call.path, call.body)
	}
}

// neverCleanable applies commits and then has them answered with every code there
// is, as a proxy or a limit in between might: a client that reads a 4xx deletes
// the files of a live snapshot.
func neverCleanable(t *testing.T) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		w := withView(t)
		hasty := w.replica(t, impatient)
		w.hts.SetIntercept(applied(status.Error(code, "somebody in between")))
		for path, body := range map[string]string{
			table: appends(7, 0, "file:///m"), transactions: transaction(change("t", setProperty("b", "1"))), view: replacesView("select 3"),
		} {
			if r := hasty.do(t, "POST", path, body); r.status >= 400 && r.status < 500 {
				t.Errorf("%s to %s: %d %s", code, path, r.status, r.body)
			}
		}
		w.hts.SetIntercept(nil)
		w.loads(t)
		w.replica(t).must(t, "GET", view, "")
	}
}

// applied lets every commit through and answers it with an error.
func applied(err error) htsfake.Intercept {
	return func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		_, _ = next()
		return nil, err
	}
}
