package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

// rounds is how often each race is run.
const rounds = 15

// call is a request of a race.
type call struct{ method, target, body string }

func put(table, version, location string) call {
	return call{http.MethodPut, "/hts/tables", fmt.Sprintf(
		`{"entity":{"databaseId":"db","tableId":%q,"tableVersion":%q,"metadataLocation":%q}}`, table, version, location)}
}

func create(table, location string) call { return put(table, "INITIAL_VERSION", location) }

func drop(table string) call {
	return call{http.MethodDelete, "/hts/tables?databaseId=db&tableId=" + table, ""}
}

func softDrop(table string) call {
	return call{http.MethodDelete, "/v1/hts/tables?databaseId=db&isSoftDelete=true&tableId=" + table, ""}
}

// rename expects the table to be at "/1".
func rename(from, to string) call {
	return call{http.MethodPatch, fmt.Sprintf("/hts/tables/rename?fromDatabaseId=db&toDatabaseId=db&fromTableId=%s&toTableId=%s"+
		"&metadataLocation=/renamed&expectedMetadataLocation=/1", from, to), ""}
}

func restore(table string, generation int64) call {
	return call{http.MethodPut, fmt.Sprintf("/hts/tables/restore?databaseId=db&tableId=%s&deletedAtMs=%d", table, generation), ""}
}

func putJob(id, state string) call {
	return call{http.MethodPut, "/hts/jobs", fmt.Sprintf(`{"entity":{"jobId":%q,"jobName":"n","clusterId":"c","state":%q}}`, id, state)}
}

// arena is where calls race: each goes to the next replica.
type arena struct {
	*testing.T

	replicas []*replica
}

// race sends calls at once and returns the statuses, in the order of the calls.
func (a *arena) race(calls ...call) []int {
	a.Helper()
	statuses := make([]int, len(calls))
	var all sync.WaitGroup
	start := make(chan struct{})
	for i, c := range calls {
		all.Go(func() {
			<-start
			status, answer, err := a.replicas[i%len(a.replicas)].ask(a.Context(), c.method, c.target, c.body)
			if err != nil || status >= 500 {
				a.Errorf("%s %s: %d %s %v", c.method, c.target, status, answer, err)
			}
			statuses[i] = status
		})
	}
	close(start)
	all.Wait()
	if a.Failed() {
		a.FailNow()
	}
	return statuses
}

// one sends calls at once; exactly one succeeds, with won, the others with one of lost.
func (a *arena) one(won int, lost []int, calls ...call) (winner int) {
	a.Helper()
	statuses := a.race(calls...)
	winner = -1
	for i, status := range statuses {
		switch {
		case status == won && winner < 0:
			winner = i
		case !slices.Contains(lost, status):
			a.Fatalf("statuses %v, want one %d and the rest of %v", statuses, won, lost)
		}
	}
	if winner < 0 {
		a.Fatalf("statuses %v: nobody won", statuses)
	}
	return winner
}

func (a *arena) must(c call) string {
	a.Helper()
	return a.replicas[0].must(a.T, c.method, c.target, c.body)
}

// location is where a table points to, as the last replica sees it; "" when it is gone.
func (a *arena) location(table string) string {
	a.Helper()
	status, answer, err := a.replicas[len(a.replicas)-1].ask(a.Context(), http.MethodGet, "/hts/tables?databaseId=db&tableId="+table, "")
	if status == http.StatusNotFound {
		return ""
	}
	var found struct {
		Entity struct{ MetadataLocation string }
	}
	if err != nil || json.Unmarshal([]byte(answer), &found) != nil {
		a.Fatalf("read %s: %d %s %v", table, status, answer, err)
	}
	return found.Entity.MetadataLocation
}

func (a *arena) wantLocation(table, want string) {
	a.Helper()
	if got := a.location(table); got != want {
		a.Fatalf("%s points to %q, want %q", table, got, want)
	}
}

// generation is one soft-deleted table.
type generation struct {
	DeletedAtMs      int64
	MetadataLocation string
}

func (a *arena) generations(table string) []generation {
	a.Helper()
	answer := a.must(call{http.MethodGet, "/hts/tables/querySoftDeleted?databaseId=db&tableId=" + table, ""})
	var found struct {
		PageResults struct{ Content []generation }
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		a.Fatalf("%s: %v", answer, err)
	}
	return found.PageResults.Content
}

var (
	conflict = []int{http.StatusConflict}
	notFound = []int{http.StatusNotFound}
	either   = []int{http.StatusConflict, http.StatusNotFound}
)

// races are those that OpenHouse's own service loses, and their like. Each gets
// the name of a table of its own.
var races = map[string]func(a *arena, table string){
	"PutAgainstPut": func(a *arena, table string) {
		winner := a.one(http.StatusCreated, conflict, create(table, "/a"), create(table, "/b"), create(table, "/c"), create(table, "/d"))
		was := []string{"/a", "/b", "/c", "/d"}[winner]
		a.wantLocation(table, was)
		winner = a.one(http.StatusOK, conflict, put(table, was, "/e"), put(table, was, "/f"), put(table, was, "/g"))
		a.wantLocation(table, []string{"/e", "/f", "/g"}[winner])
	},
	"DeleteAgainstDelete": func(a *arena, table string) {
		a.must(create(table, "/1"))
		a.one(http.StatusNoContent, notFound, drop(table), drop(table), drop(table), drop(table))
		a.wantLocation(table, "")
	},
	"SoftDeleteAgainstSoftDelete": func(a *arena, table string) {
		a.must(create(table, "/1"))
		a.one(http.StatusNoContent, notFound, softDrop(table), softDrop(table), softDrop(table), softDrop(table))
		if found := a.generations(table); len(found) != 1 {
			a.Fatalf("generations %v, want one", found)
		}
	},
	// A delete has no expectation: it always succeeds, before the put or after it.
	"PutAgainstDelete": func(a *arena, table string) {
		a.must(create(table, "/1"))
		if got := a.race(drop(table), put(table, "/1", "/2")); got[0] != http.StatusNoContent || got[1] != http.StatusOK && got[1] != http.StatusConflict {
			a.Fatalf("statuses %v", got)
		}
		a.wantLocation(table, "")
	},
	"PutAgainstSoftDelete": func(a *arena, table string) {
		a.must(create(table, "/1"))
		got, want := a.race(softDrop(table), put(table, "/1", "/2")), "/1"
		if got[1] == http.StatusOK {
			want = "/2"
		}
		if found := a.generations(table); got[0] != http.StatusNoContent || len(found) != 1 || found[0].MetadataLocation != want {
			a.Fatalf("statuses %v, generations %v, want %s", got, found, want)
		}
	},
	"RenameAgainstPut": func(a *arena, table string) {
		a.must(create(table, "/1"))
		won := a.race(rename(table, table+"_r"), put(table, "/1", "/2"))
		switch {
		case won[0] == http.StatusNoContent && won[1] == http.StatusConflict:
			a.wantLocation(table, "")
			a.wantLocation(table+"_r", "/renamed")
		case won[0] == http.StatusConflict && won[1] == http.StatusOK:
			a.wantLocation(table, "/2")
			a.wantLocation(table+"_r", "")
		default:
			a.Fatalf("statuses %v, want one winner", won)
		}
	},
	"RenameAgainstRename": func(a *arena, table string) {
		a.must(create(table, "/1"))
		winner := a.one(http.StatusNoContent, either, rename(table, table+"_0"), rename(table, table+"_1"))
		a.wantLocation(table, "")
		a.wantLocation(fmt.Sprint(table, "_", winner), "/renamed")
		a.wantLocation(fmt.Sprint(table, "_", 1-winner), "")
	},
	"RenamesToOneName": func(a *arena, table string) {
		a.must(create(table+"_0", "/1"))
		a.must(create(table+"_1", "/1"))
		winner := a.one(http.StatusNoContent, conflict, rename(table+"_0", table), rename(table+"_1", table))
		a.wantLocation(table, "/renamed")
		a.wantLocation(fmt.Sprint(table, "_", 1-winner), "/1")
	},
	"RenameAgainstCreate": func(a *arena, table string) {
		a.must(create(table+"_0", "/1"))
		got := a.race(rename(table+"_0", table), create(table, "/new"))
		switch {
		case got[0] == http.StatusNoContent && got[1] == http.StatusConflict:
			a.wantLocation(table, "/renamed")
		case got[0] == http.StatusConflict && got[1] == http.StatusCreated:
			a.wantLocation(table, "/new")
			a.wantLocation(table+"_0", "/1")
		default:
			a.Fatalf("statuses %v, want one winner", got)
		}
	},
	"RestoreAgainstCreate": func(a *arena, table string) {
		a.must(create(table, "/1"))
		a.must(softDrop(table))
		at := a.generations(table)[0].DeletedAtMs
		got := a.race(restore(table, at), create(table, "/new"))
		switch {
		case got[0] == http.StatusOK && got[1] == http.StatusConflict:
			a.wantLocation(table, "/1")
		case got[0] == http.StatusConflict && got[1] == http.StatusCreated:
			a.wantLocation(table, "/new")
			if len(a.generations(table)) != 1 {
				a.Fatal("the generation that was not restored is gone")
			}
		default:
			a.Fatalf("statuses %v, want one winner", got)
		}
	},
	"RestoreAgainstRestore": func(a *arena, table string) {
		a.must(create(table, "/1"))
		a.must(softDrop(table))
		at := a.generations(table)[0].DeletedAtMs
		a.one(http.StatusOK, either, restore(table, at), restore(table, at), restore(table, at))
		a.wantLocation(table, "/1")
		if found := a.generations(table); len(found) != 0 {
			a.Fatalf("restored, and there still: %v", found)
		}
	},
	"JobAgainstJob": func(a *arena, table string) {
		winner := a.one(http.StatusCreated, conflict, putJob(table, "S0"), putJob(table, "S1"), putJob(table, "S2"), putJob(table, "S3"))
		if job := a.must(call{http.MethodGet, "/hts/jobs?jobId=" + table, ""}); !strings.Contains(job, fmt.Sprintf(`"state":"S%d"`, winner)) {
			a.Fatalf("call %d won and the job is %s", winner, job)
		}
	},
}

// TestRaces runs each race many times: on two replicas over one Postgres, with
// and without PgBouncer in between, and on SQLite.
func TestRaces(t *testing.T) {
	postgres, pooled := pgtest.New(t, nil), pgtest.New(t, nil)
	migrate(t, postgres)
	migrate(t, pooled)
	for store, replicas := range map[string][]*replica{
		"postgres": serve(t, 2, postgres),
		"pooler":   serve(t, 2, pgtest.NewPooler(t, pooled).URL(pooled), "--database-pooler"),
		"sqlite":   serve(t, 1, "sqlite://"+filepath.Join(t.TempDir(), "igloo.db")),
	} {
		replicas[0].commit(t, newNamespace())
		for name, race := range races {
			t.Run(store+"/"+name, func(t *testing.T) {
				a := &arena{T: t, replicas: replicas}
				for round := range rounds {
					race(a, fmt.Sprint(strings.ToLower(name), round))
				}
			})
		}
	}
}
