package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// What was turned away before it was applied leaves no file, with a key or
// without, and can be sent again.
func TestCommitThatIsTurnedAway(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Overloaded, fault.Unavailable} {
		for name, header := range map[string][]string{"without a key": nil, "with a key": key(1)} {
			t.Run(fmt.Sprint(kind, " ", name), func(t *testing.T) {
				w := withTables(t)
				before := len(w.metadataFiles(t))
				both := transaction(change("t", setProperty("a", "1")), change("u", setProperty("a", "1")))
				for path, body := range map[string]string{table: setProperty("a", "1"), transactions: both} {
					w.hts.SetIntercept(turningAway(kind))
					if r := w.do(t, "POST", path, body, header...); r.status != kind.HTTPStatus() {
						t.Errorf("%s: %d %s", path, r.status, r.body)
					}
				}
				if files := w.metadataFiles(t); len(files) != before {
					t.Errorf("files: %q", files)
				}
				w.hts.SetIntercept(nil)
				w.must(t, "POST", transactions, both)
			})
		}
	}
}

func turningAway(kind fault.Kind) func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
	return func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		return nil, fault.New(kind, "not now")
	}
}

// What was turned away after an answer was lost may have been applied before.
func TestCommitThatIsTurnedAwayTooLate(t *testing.T) {
	w := withTable(t, impatient)
	lost := false
	w.hts.SetIntercept(func(ctx context.Context, r *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		if lost {
			return turningAway(fault.Unavailable)(ctx, r, next)
		}
		lost = true
		return losing(1)(ctx, r, next)
	})
	w.refused(t, 500, "CommitStateUnknownException", "POST", table, setProperty("a", "b"))
	w.hts.SetIntercept(nil)
	if text(w.loads(t), "metadata", "properties", "a") != "b" {
		t.Error("the commit is lost")
	}
}

// I13: a table that is created with its first snapshot, and sent again without a
// key, is known by its uuid and that snapshot.
func TestCreationSentAgainWithoutAKey(t *testing.T) {
	w := withTable(t)
	const s = nTables + "/s"
	staged := w.must(t, "POST", nTables, `{"name":"s","stage-create":true,"schema":`+schema+`}`)
	create, snapshot := createsStaged(staged), appends(7, 0, "file:///m7")
	added := snapshot[strings.Index(snapshot, `"updates":[`)+len(`"updates":[`):]
	create = strings.TrimSuffix(strings.TrimSpace(create), "]}") + "," + added
	w.must(t, "POST", s, create)
	commits := w.hts.Commits()
	w.must(t, "POST", s, create)
	for name, other := range map[string]string{
		"other manifests": strings.Replace(create, "file:///m7", "file:///other", 1),
		"other snapshot":  strings.ReplaceAll(create, `"snapshot-id":7`, `"snapshot-id":8`),
	} {
		if r := w.do(t, "POST", s, other); r.status != 500 || !strings.Contains(string(r.body), "CommitStateUnknownException") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if w.hts.Commits() != commits {
		t.Error("something was committed")
	}
}

// A creation that meets its own earlier sending on the way is no lost race.
func TestCreationThatMeetsItself(t *testing.T) {
	w := withTable(t)
	const s = nTables + "/s"
	create := createsStaged(w.must(t, "POST", nTables, `{"name":"s","stage-create":true,"schema":`+schema+`}`))
	before := len(w.metadataFiles(t))
	second := w.replica(t)
	w.hts.SetIntercept(meanwhile(func() { second.must(t, "POST", s, create) }))
	w.must(t, "POST", s, create)
	if files := w.metadataFiles(t); len(files) != before+1 {
		t.Errorf("files: %q", files)
	}
}

// A fold that wants the place of another table: who wants it is refused, and the
// others go without.
func TestFoldThatWantsAnothersPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		place := text(q.must(t, "GET", nTables+"/u", ""), "metadata", "location")
		q.post(t, table, setProperty("first", "1"))
		before := q.post(t, table, setProperty("a", "1"))
		move := fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-location","location":%q}]}`, place)
		moved := q.post(t, table, move, key(1)...)
		after := q.post(t, table, setProperty("b", "1"), key(2)...)
		q.release()
		for _, r := range []*response{before, after} {
			if r.status != 200 {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
		if message, kind := moved.problem(t); moved.status != 400 || kind != "BadRequestException" || !strings.Contains(message, "of table n.u") {
			t.Errorf("%d %s", moved.status, moved.body)
		}
		if again := q.do(t, "POST", table, move, key(1)...); again.status != moved.status || string(again.body) != string(moved.body) {
			t.Errorf("again %d %s", again.status, again.body)
		}
		now := q.replica(t).must(t, "GET", table, "")
		if text(now, "metadata", "properties", "a") != "1" || text(now, "metadata", "properties", "b") != "1" || text(now, "metadata", "location") == place {
			t.Errorf("%v", now)
		}
		if files := q.metadataFiles(t); len(files) != 6 {
			t.Errorf("t, u, v, and three commits; files: %q", files)
		}
	})
}
