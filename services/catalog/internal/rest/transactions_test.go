package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
)

func change(name, rest string) string {
	return fmt.Sprintf(`{"identifier":{"namespace":["n"],"name":%q},%s`, name, strings.TrimPrefix(rest, "{"))
}

func transaction(changes ...string) string {
	return `{"table-changes":[` + strings.Join(changes, ",") + `]}`
}

const transactions = "/v1/transactions/commit"

func withTables(t *testing.T, change ...func(*choices)) *world {
	t.Helper()
	w := withTable(t, change...)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"u","schema":`+schema+`}`)
	return w
}

func TestTransaction(t *testing.T) {
	w := withTables(t)
	commits := w.hts.Commits()
	r := w.do(t, "POST", transactions, transaction(change("t", setProperty("a", "1")), change("u", appends(1, 0, "file:///m"))))
	if r.status != 204 || len(r.body) != 0 || w.hts.Commits() != commits+1 {
		t.Fatalf("%d %s, %d commits", r.status, r.body, w.hts.Commits()-commits)
	}
	if text(w.must(t, "GET", table, ""), "metadata", "properties", "a") != "1" {
		t.Error("t is unchanged")
	}
	if at(w.must(t, "GET", "/v1/namespaces/n/tables/u", ""), "metadata", "current-snapshot-id") == nil {
		t.Error("u is unchanged")
	}
}

// One of nothing changes nothing, and is asked of a warehouse that the caller may
// know of.
func TestTransactionOfNothing(t *testing.T) {
	w := withTables(t)
	if r := w.do(t, "POST", transactions, transaction()); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	g := withRights(t)
	g.refused(t, 403, "ForbiddenException", "POST", transactions, transaction(), g.as(t, "ann")...)
	g.give(t, ann, authz.Select, catalogtest.OnTable.Granted(catalogtest.Scene{N: "n"}))
	g.settle()
	if r := g.do(t, "POST", transactions, transaction(), g.as(t, "ann")...); r.status != 204 {
		t.Errorf("to who may read a table: %d %s", r.status, r.body)
	}
}

// TX1, TX3: one that fails fails all.
func TestTransactionIsAllOrNothing(t *testing.T) {
	w := withTables(t)
	before := string(w.do(t, "GET", table, "").body)
	fine := change("t", setProperty("a", "1"))
	for name, test := range map[string]struct {
		second string
		status int
		kind   string
	}{
		"requirement": {change("u", appends(1, 77, "file:///m")), 409, "CommitFailedException"},
		"missing":     {change("x", setProperty("a", "1")), 404, "NoSuchTableException"},
		"twice":       {change("t", setProperty("b", "1")), 400, "BadRequestException"},
		"exists":      {change("u", `{"requirements":[{"type":"assert-create"}],"updates":[]}`), 409, "AlreadyExistsException"},
		"unknown":     {change("u", `{"requirements":[],"updates":[{"action":"melt"}]}`), 400, "BadRequestException"},
		"unnamed":     {setProperty("a", "b"), 400, "BadRequestException"},
		"no object":   {`7`, 400, "BadRequestException"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, test.status, test.kind, "POST", transactions, transaction(fine, test.second))
			if got := string(w.do(t, "GET", table, "").body); got != before {
				t.Errorf("t changed: %s", got)
			}
		})
	}
	if files := w.metadataFiles(t); len(files) != 2 {
		t.Errorf("files: %q", files)
	}
}

// Every table of a transaction is checked by the swap, also one that it only reads.
func TestTransactionRebasesWhole(t *testing.T) {
	w := withTables(t)
	w.hts.SetIntercept(meanwhile(func() { w.must(t, "POST", "/v1/namespaces/n/tables/u", appends(1, 0, "file:///theirs")) }))
	reads := change("u", `{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}],"updates":[]}`)
	w.refused(t, 409, "CommitFailedException", "POST", transactions, transaction(change("t", setProperty("a", "1")), reads))
	w.hts.SetIntercept(meanwhile(func() { w.must(t, "POST", table, setProperty("theirs", "1")) }))
	w.must(t, "POST", transactions, transaction(change("t", setProperty("mine", "1")), change("u", setProperty("mine", "1"))))
	properties := at(w.must(t, "GET", table, ""), "metadata", "properties")
	if text(properties, "mine") != "1" || text(properties, "theirs") != "1" {
		t.Errorf("%v", properties)
	}
}

func TestTransactionReplay(t *testing.T) {
	w := withTables(t)
	body := transaction(change("t", setProperty("a", "1")), change("u", appends(1, 0, "file:///m")))
	w.hts.SetIntercept(losing(1))
	w.must(t, "POST", transactions, body, "Idempotency-Key", keyA)
	w.must(t, "POST", table, setProperty("a", "2"))
	w.must(t, "POST", transactions, body, "Idempotency-Key", keyA)
	if text(w.loads(t), "metadata", "properties", "a") != "2" {
		t.Error("a replay ran again")
	}
	w.must(t, "POST", transactions, body) // I13: without a key, by its snapshot
	if text(w.loads(t), "metadata", "properties", "a") != "2" {
		t.Error("a commit that was sent again ran again")
	}
}

func TestTransactionCreates(t *testing.T) {
	w := withTables(t)
	staged := w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"s","stage-create":true,"schema":`+schema+`}`)
	create := fmt.Sprintf(`{"requirements":[{"type":"assert-create"}],"updates":[{"action":"assign-uuid","uuid":%q},{"action":"upgrade-format-version","format-version":2},
		{"action":"add-schema","schema":%s},{"action":"set-current-schema","schema-id":-1},{"action":"add-spec","spec":{"spec-id":0,"fields":[]}},
		{"action":"set-default-spec","spec-id":-1},{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},
		{"action":"set-default-sort-order","sort-order-id":-1},{"action":"set-location","location":%q}]}`,
		text(staged, "metadata", "table-uuid"), schema, text(staged, "metadata", "location"))
	w.must(t, "POST", transactions, transaction(change("s", create), change("t", setProperty("a", "1"))))
	w.must(t, "GET", "/v1/namespaces/n/tables/s", "")
	commits := w.hts.Commits()
	w.must(t, "POST", transactions, transaction(change("s", create), change("t", setProperty("a", "1"))))
	if w.hts.Commits() != commits {
		t.Error("I13: what was created is created again")
	}
	another := strings.Replace(create, text(staged, "metadata", "table-uuid"), "5f1e7a60-0000-4000-8000-000000000001", 1)
	w.refused(t, 409, "AlreadyExistsException", "POST", transactions, transaction(change("s", another), change("t", setProperty("a", "2"))))
}

// I13: a transaction that is sent again without a key is known by its snapshots,
// whatever came after. One that shares but some of them, or has them with other
// manifests, tells of an earlier attempt: of that nothing is known that a 4xx may say.
func TestTransactionsSentAgainWithoutAKey(t *testing.T) {
	w := withTables(t)
	inT, inU := appends(1, 0, "file:///one"), appends(2, 0, "file:///two")
	body := transaction(change("t", inT), change("u", inU))
	w.must(t, "POST", transactions, body)
	w.must(t, "POST", table, appends(3, 1, "file:///three"))
	w.must(t, "POST", nTables+"/u", setProperty("later", "1"))
	commits, head := w.hts.Commits(), text(w.loads(t), "metadata-location")
	w.must(t, "POST", transactions, body)
	w.must(t, "POST", transactions, transaction(change("u", inU), change("t", inT)))
	for name, other := range map[string]string{
		"other manifests": transaction(change("t", inT), change("u", strings.Replace(inU, "file:///two", "file:///other", 1))),
		"one of two":      transaction(change("t", inT), change("u", appends(4, 2, "file:///four"))),
	} {
		if r := w.do(t, "POST", transactions, other); r.status != 500 || !strings.Contains(string(r.body), "CommitStateUnknownException") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if w.hts.Commits() != commits || text(w.loads(t), "metadata-location") != head {
		t.Error("something was committed")
	}
}
