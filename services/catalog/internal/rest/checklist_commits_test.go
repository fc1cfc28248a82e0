package rest_test

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// The protocol's rules by their ids: U unknown outcomes, I idempotency, CM
// commits, TX transactions, RQ requirements. Those that other tests are named by
// are not repeated.
func TestRulesOfCommits(t *testing.T) {
	t.Run("U1 an unknown outcome is a 500 on each commit route", func(t *testing.T) {
		w := withView(t)
		impatientNow := w.replica(t, impatient)
		w.hts.SetIntercept(losing(1 << 30))
		for path, body := range map[string]string{
			table: setProperty("a", "1"), transactions: transaction(change("t", setProperty("b", "1"))), view: replacesView("select 3"),
		} {
			r := impatientNow.do(t, "POST", path, body)
			if _, kind := r.problem(t); r.status != 500 || kind != "CommitStateUnknownException" || r.header.Get("Retry-After") != "" {
				t.Errorf("%s: %d %s", path, r.status, r.body)
			}
		}
	})
	t.Run("I2 every mutation is answered once for its key", everyMutationTwice)
	t.Run("I4 what was not decided is not remembered", func(t *testing.T) {
		w := newWorld(t, impatient)
		for _, kind := range []fault.Kind{fault.Overloaded, fault.Unavailable} {
			w.hts.SetIntercept(func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
				return nil, fault.New(kind, "come again")
			})
			if r := w.do(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", keyA); r.status != kind.HTTPStatus() {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
		w.hts.SetIntercept(nil)
		w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", keyA)
	})
	t.Run("I7 clients are told", func(t *testing.T) {
		if got := newWorld(t).must(t, "GET", "/v1/config", "")["idempotency-key-lifetime"]; got != "PT30M" {
			t.Errorf("%v", got)
		}
	})
	t.Run("CM3 all requirements are checked on what is swapped", requirementsMove)
	t.Run("I9 I10 the key is in the commit that swaps, and no secret with it", keyTravelsWithSwap)
	t.Run("I11 staging and registering views under a key, no 5xx kept", func(t *testing.T) {
		w := withView(t)
		viewed := text(w.must(t, "GET", view, ""), "metadata-location")
		w.must(t, "DELETE", view, "")
		again := fmt.Sprintf(`{"name":"v","metadata-location":%q}`, viewed)
		w.hts.SetIntercept(refusing(fault.Internal))
		w.refused(t, 500, "InternalServerError", "POST", "/v1/namespaces/n/register-view", again, "Idempotency-Key", keyA)
		w.hts.SetIntercept(nil)
		for range 2 {
			w.must(t, "POST", "/v1/namespaces/n/register-view", again, "Idempotency-Key", keyA)
		}
		stage := `{"name":"s","stage-create":true,"schema":` + schema + `}`
		first := w.must(t, "POST", "/v1/namespaces/n/tables", stage, "Idempotency-Key", keyB)
		if diff := cmp.Diff(at(first, "metadata", "table-uuid"), at(w.replica(t).must(t, "POST", "/v1/namespaces/n/tables", stage, "Idempotency-Key", keyB), "metadata", "table-uuid")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("CM5 a stale sequence number is a lost race", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", table, appends(1, 0, "file:///m1"))
		w.must(t, "POST", table, appends(2, 1, "file:///m2"))
		late := strings.Replace(appends(3, 2, "file:///m3"), `"sequence-number":3`, `"sequence-number":2`, 1)
		w.refused(t, 409, "CommitFailedException", "POST", table, late)
	})
	t.Run("CM6 no change, no file, the same tag", func(t *testing.T) {
		w := withTable(t)
		before := w.do(t, "GET", table, "")
		for _, body := range []string{unchanging, `{"requirements":[],"updates":[]}`, `{"requirements":[],"updates":[{"action":"set-properties","updates":{}}]}`} {
			if r := w.do(t, "POST", table, body); r.status != 200 || r.header.Get("ETag") != before.header.Get("ETag") {
				t.Errorf("%s: %d %s", body, r.status, r.body)
			}
		}
		if files := w.metadataFiles(t); len(files) != 1 {
			t.Errorf("files: %q", files)
		}
	})
	t.Run("CM7 the log is trimmed, and what left it is deleted", oldFilesGo)
	t.Run("CM9 who won, and when", func(t *testing.T) {
		w := withTable(t)
		w.must(t, "POST", table, appends(7, 0, "file:///theirs"))
		message := w.refused(t, 409, "CommitFailedException", "POST", table, appends(8, 0, "file:///mine"))
		for _, part := range []string{"Requirement failed: ", "assert-ref-snapshot-id", "expected", "found 7", "current is version 2, committed at 20", "by anonymous"} {
			if !strings.Contains(message, part) {
				t.Errorf("message %q does not say %q", message, part)
			}
		}
	})
	t.Run("TX2 opposite orders do not wait for each other", func(t *testing.T) {
		w := withTables(t)
		orders := []string{
			transaction(change("t", setProperty("x", "1")), change("u", setProperty("x", "1"))),
			transaction(change("u", setProperty("x", "2")), change("t", setProperty("x", "2"))),
		}
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				if r := w.do(t, "POST", transactions, orders[i%2]); r.status != 204 {
					t.Errorf("%d %s", r.status, r.body)
				}
			})
		}
		group.Wait()
		last := func(path string) string { return text(w.must(t, "GET", path, ""), "metadata", "properties", "x") }
		if last(table) != last("/v1/namespaces/n/tables/u") {
			t.Error("two transactions were mixed")
		}
	})
	t.Run("TX4 a missing member is a missing table", func(t *testing.T) {
		w := withTables(t)
		nowhere := strings.Replace(change("t", setProperty("a", "1")), `["n"]`, `["nowhere"]`, 1)
		for _, missing := range []string{change("x", setProperty("a", "1")), nowhere} {
			w.refused(t, 404, "NoSuchTableException", "POST", transactions, transaction(change("u", setProperty("a", "1")), missing))
		}
	})
	t.Run("RQ1 E7 a requirement that fails is a 409, in Java's words", everyRequirement)
	t.Run("RQ2 without requirements", func(t *testing.T) {
		withTable(t).must(t, "POST", table, setProperty("a", "b"))
	})
	t.Run("RQ3 a uuid in capitals", func(t *testing.T) {
		w := withTable(t)
		id := strings.ToUpper(text(w.must(t, "GET", table, ""), "metadata", "table-uuid"))
		w.must(t, "POST", table, `{"requirements":[{"type":"assert-table-uuid","uuid":"`+id+`"}],"updates":[]}`)
	})
}

// requirementsMove lets a rival break each requirement between the check and the
// swap: it is checked again on what is then.
func requirementsMove(t *testing.T) {
	const evolve = `{"action":"add-schema","schema":{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":true},{"id":3,"name":"more","type":"long","required":false}]}},
		{"action":"set-current-schema","schema-id":-1}`
	const part = `{"action":"add-spec","spec":{"spec-id":1,"fields":[{"name":"p","transform":"identity","source-id":1}]}},{"action":"set-default-spec","spec-id":-1}`
	const order = `{"action":"add-sort-order","sort-order":{"order-id":1,"fields":[{"transform":"identity","source-id":1,"direction":"asc","null-order":"nulls-first"}]}},
		{"action":"set-default-sort-order","sort-order-id":-1}`
	for requirement, rival := range map[string]string{
		`"assert-ref-snapshot-id","ref":"main","snapshot-id":null`:             "",
		`"assert-last-assigned-field-id","last-assigned-field-id":2`:           evolve,
		`"assert-current-schema-id","current-schema-id":0`:                     evolve,
		`"assert-last-assigned-partition-id","last-assigned-partition-id":999`: part,
		`"assert-default-spec-id","default-spec-id":0`:                         part,
		`"assert-default-sort-order-id","default-sort-order-id":0`:             order,
	} {
		w := withTable(t)
		winner := `{"requirements":[],"updates":[` + rival + `]}`
		if rival == "" {
			winner = appends(7, 0, "file:///theirs")
		}
		other := w.replica(t)
		w.hts.SetIntercept(meanwhile(func() { other.must(t, "POST", table, winner) }))
		mine := strings.Replace(setProperty("mine", "1"), `"requirements":[]`, `"requirements":[{"type":`+requirement+`}]`, 1)
		w.refused(t, 409, "CommitFailedException", "POST", table, mine)
		if text(w.must(t, "GET", table, ""), "metadata", "properties", "mine") != "" {
			t.Errorf("%s: the loser was applied", requirement)
		}
	}
}

// keyTravelsWithSwap looks at what is sent to the house tables.
func keyTravelsWithSwap(t *testing.T) {
	w := withTable(t)
	var sent []*htsv1.CommitRequest
	w.hts.SetIntercept(func(_ context.Context, r *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		sent = append(sent, r)
		return next()
	})
	committed := w.must(t, "POST", table, setProperty("password", "hunter2"), "Idempotency-Key", keyA)
	if len(sent) != 1 || len(sent[0].GetChanges()) != 1 || len(sent[0].GetOperations()) != 1 {
		t.Fatalf("%v", sent)
	}
	operation := sent[0].GetOperations()[0]
	outcome := operation.GetOutcome()
	if len(operation.GetId()) != 16 || outcome.GetStatus() != 200 || len(operation.GetFingerprint()) == 0 {
		t.Errorf("%v", operation)
	}
	if locations := outcome.GetMetadataLocations(); len(locations) != 1 || locations[0] != text(committed, "metadata-location") {
		t.Errorf("%v", outcome)
	}
	if strings.Contains(operation.String(), "hunter2") {
		t.Errorf("what is kept of the request has its content: %v", operation)
	}
}

// everyMutationTwice sends each mutation twice under one key, the second time to
// another replica: it is done once, and answered alike.
func everyMutationTwice(t *testing.T) {
	w := withView(t)
	second := w.replica(t)
	location := text(w.must(t, "GET", table, ""), "metadata-location")
	viewed := text(w.must(t, "GET", view, ""), "metadata-location")
	const rename = `{"source":{"namespace":["n"],"name":%q},"destination":{"namespace":["n"],"name":%q}}`
	for i, step := range []struct{ method, path, body string }{
		{"POST", "/v1/namespaces", `{"namespace":["o"]}`},
		{"POST", "/v1/namespaces/o/properties", `{"updates":{"a":"b"},"removals":["c"]}`},
		{"DELETE", "/v1/namespaces/o", ""},
		{"POST", "/v1/namespaces/n/tables", `{"name":"x","schema":` + schema + `}`},
		{"POST", table, setProperty("a", "1")},
		{"POST", transactions, transaction(change("t", setProperty("b", "1")))},
		{"POST", "/v1/tables/rename", fmt.Sprintf(rename, "x", "y")},
		{"DELETE", "/v1/namespaces/n/tables/y", ""},
		{"POST", table + "/unregister", ""},
		{"POST", "/v1/namespaces/n/register", fmt.Sprintf(`{"name":"t","metadata-location":%q}`, location)},
		{"POST", "/v1/namespaces/n/views", createsView("q")},
		{"POST", view, replacesView("select 2")},
		{"POST", "/v1/views/rename", fmt.Sprintf(rename, "v", "w")},
		{"DELETE", "/v1/namespaces/n/views/w", ""},
		{"POST", "/v1/namespaces/n/register-view", fmt.Sprintf(`{"name":"v","metadata-location":%q}`, viewed)},
	} {
		key := fmt.Sprintf("01936a5e-7c00-7000-8000-0000000001%02d", i)
		first := w.do(t, step.method, step.path, step.body, "Idempotency-Key", key)
		again := second.do(t, step.method, step.path, step.body, "Idempotency-Key", key)
		if first.status > 204 || again.status != first.status || string(again.body) != string(first.body) {
			t.Errorf("%s %s: %d %s\nagain: %d %s", step.method, step.path, first.status, first.body, again.status, again.body)
		}
	}
}

// oldFilesGo commits more often than the log is long.
func oldFilesGo(t *testing.T) {
	w := withTable(t)
	first := text(w.must(t, "GET", table, ""), "metadata-location")
	w.must(t, "POST", table, `{"requirements":[],"updates":[{"action":"set-properties","updates":{
		"write.metadata.previous-versions-max":"2","write.metadata.delete-after-commit.enabled":"true"}}]}`)
	second := text(w.must(t, "POST", table, setProperty("a", "1")), "metadata-location")
	third := text(w.must(t, "POST", table, setProperty("a", "2")), "metadata-location")
	last := w.must(t, "POST", table, setProperty("a", "3"))
	entries := at(last, "metadata", "metadata-log").([]any)
	logged := make([]string, 0, len(entries))
	for _, entry := range entries {
		logged = append(logged, text(entry, "metadata-file"))
	}
	if diff := cmp.Diff([]string{second, third}, logged); diff != "" {
		t.Error(diff)
	}
	if files := w.metadataFiles(t); len(files) != 3 {
		t.Errorf("files: %q", files)
	}
	if _, err := os.Stat(strings.TrimPrefix(first, "file://")); !os.IsNotExist(err) {
		t.Errorf("%s: %v", first, err)
	}
	if name := path.Base(text(last, "metadata-location")); !strings.HasPrefix(name, "00004-") {
		t.Error(name)
	}
}

// everyRequirement fails each requirement there is.
func everyRequirement(t *testing.T) {
	w := withView(t)
	w.must(t, "POST", table, appends(7, 0, "file:///m"))
	const id = "00000000-0000-0000-0000-000000000000"
	for requirement, says := range map[string]string{
		`"assert-create"`:                                                     "Requirement failed: table already exists",
		`"assert-table-uuid","uuid":"` + id + `"`:                             "Requirement failed: UUID does not match",
		`"assert-ref-snapshot-id","ref":"main","snapshot-id":8`:               "Requirement failed: branch main has changed",
		`"assert-ref-snapshot-id","ref":"main","snapshot-id":null`:            "Requirement failed: branch main was created concurrently",
		`"assert-ref-snapshot-id","ref":"main"`:                               "Requirement failed: branch main was created concurrently",
		`"assert-ref-snapshot-id","ref":"x","snapshot-id":8`:                  "Requirement failed: branch or tag x is missing",
		`"assert-last-assigned-field-id","last-assigned-field-id":99`:         "Requirement failed: last assigned field id changed",
		`"assert-current-schema-id","current-schema-id":99`:                   "Requirement failed: current schema changed",
		`"assert-last-assigned-partition-id","last-assigned-partition-id":99`: "Requirement failed: last assigned partition id changed",
		`"assert-default-spec-id","default-spec-id":99`:                       "Requirement failed: default partition spec changed",
		`"assert-default-sort-order-id","default-sort-order-id":99`:           "Requirement failed: default sort order changed",
	} {
		r := w.do(t, "POST", table, `{"requirements":[{"type":`+requirement+`}],"updates":[]}`)
		if message, _ := r.problem(t); r.status != 409 || !strings.Contains(message, says) {
			t.Errorf("%s: %d %s", requirement, r.status, message)
		}
	}
	message := w.refused(t, 409, "CommitFailedException", "POST", view, `{"requirements":[{"type":"assert-view-uuid","uuid":"`+id+`"}],"updates":[]}`)
	if !strings.Contains(message, "Requirement failed: view UUID does not match") {
		t.Error(message)
	}
}
