package rest_test

import (
	"strings"
	"testing"
)

// TestReplaceViewAsItsPageSays: the identifier in the body is that of the path,
// and what a key's request came to is answered again: the replaced view, and the
// refusal too.
func TestReplaceViewAsItsPageSays(t *testing.T) {
	w := withView(t, impatient)
	named := func(name string) string {
		return `{"identifier":{"namespace":["n"],"name":"` + name + `"},` + strings.TrimPrefix(replacesView("select 2"), "{")
	}
	w.refused(t, 400, "BadRequestException", "POST", view, named("x"))
	first := w.must(t, "POST", view, named("v"), "Idempotency-Key", keyA)
	again := w.must(t, "POST", view, named("v"), "Idempotency-Key", keyA)
	if text(first, "metadata-location") != text(again, "metadata-location") || len(at(again, "metadata", "versions").([]any)) != 2 {
		t.Errorf("replay: %v", again)
	}
	const stale = `{"requirements":[{"type":"assert-view-uuid","uuid":"00000000-0000-0000-0000-000000000000"}],"updates":[]}`
	const other = "019aa1b2-0000-7000-8000-0000000000aa"
	for range 2 {
		w.refused(t, 409, "CommitFailedException", "POST", view, stale, "Idempotency-Key", other)
	}
	w.refused(t, 404, "NoSuchViewException", "POST", view+"x", replacesView("select 2"))
	w.hts.SetIntercept(losing(1 << 20))
	if r := w.do(t, "POST", view, replacesView("select 3")); r.status != 500 || !strings.Contains(string(r.body), "CommitStateUnknownException") {
		t.Errorf("unknown: %d %s", r.status, r.body)
	}
}

// TestReportAsItsPageSays: 204 without a body; 404 for no table, 400 for no JSON.
func TestReportAsItsPageSays(t *testing.T) {
	w := withTable(t)
	if r := w.do(t, "POST", table+"/metrics", javasScan); r.status != 204 || len(r.body) != 0 {
		t.Errorf("%d %q", r.status, r.body)
	}
	w.refused(t, 404, "NoSuchTableException", "POST", table+"x/metrics", javasScan)
	w.refused(t, 400, "BadRequestException", "POST", table+"/metrics", `{"report-type":`)
}

// TestTransactionAsItsPageSays: what a transaction under a key was refused with it
// is refused with again, whatever is so by then; what is not known is a 500.
func TestTransactionAsItsPageSays(t *testing.T) {
	w := withTables(t, impatient)
	refused := transaction(change("t", setProperty("a", "1")), change("u", appends(1, 77, "file:///m")))
	for range 2 {
		w.refused(t, 409, "CommitFailedException", "POST", transactions, refused, "Idempotency-Key", keyA)
	}
	w.refused(t, 400, "BadRequestException", "POST", transactions, `{"table-changes":`)
	w.refused(t, 400, "BadRequestException", "POST", transactions, `{}`)
	w.hts.SetIntercept(losing(1 << 20))
	body := transaction(change("t", setProperty("a", "1")), change("u", setProperty("a", "1")))
	if r := w.do(t, "POST", transactions, body); r.status != 500 || !strings.Contains(string(r.body), "CommitStateUnknownException") {
		t.Errorf("unknown: %d %s", r.status, r.body)
	}
}
