package housetabletest

import (
	"fmt"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// verdictTests are those of commits that come together.
func verdictTests() map[string]func(*testing.T, *bench) {
	return map[string]func(*testing.T, *bench){
		"BatchVerdicts":  batchVerdicts,
		"SwapVerdicts":   swapVerdicts,
		"CreateVerdicts": createVerdicts,
	}
}

// oneByOne sends commits one after the other.
func (b *bench) oneByOne(t *testing.T, commits []housetable.Commit) []housetable.Verdict {
	t.Helper()
	verdicts := make([]housetable.Verdict, len(commits))
	for i, c := range commits {
		verdicts[i] = b.send(t, c)
	}
	return verdicts
}

func batchVerdicts(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	known := b.request(swap("t2", 1, "/t2/2"))
	b.send(t, known)
	nowhere := b.request(create("x"))
	nowhere.Warehouse = "nowhere"
	verdicts, err := b.Commit(t.Context(), []housetable.Commit{
		b.request(swap("t0", 1, "/a")), b.request(swap("t1", 7, "/b")), known, nowhere, b.request(),
		b.request(create("new")), b.request(housetable.CreateNamespace{DatabaseID: "n"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	refused, _ := verdicts[3].(housetable.Refused)
	wantKind(t, refused.Err, fault.NoSuchWarehouse)
	for i, want := range []housetable.Verdict{
		housetable.Committed{},
		housetable.Conflict{},
		housetable.Replay{},
		housetable.Refused{},
		housetable.Committed{},
		housetable.Committed{},
		housetable.Committed{},
	} {
		if got := verdictName(verdicts[i]); got != verdictName(want) {
			t.Errorf("verdict %d is %s, want %s", i, got, verdictName(want))
		}
	}
}

// swapVerdicts: swaps are judged alike alone and together, and one that fits does
// nothing when its operation is recorded.
func swapVerdicts(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 6)
	known := b.request()
	b.send(t, known)
	known.Changes = []housetable.Change{swap("t2", 1, "/known")}
	swaps := func(version int64) []housetable.Commit {
		return []housetable.Commit{
			b.request(swap("t0", version, "/a")), b.request(swap("t1", version+7, "/b")), known, b.request(swap("t3", version, "/c")),
			b.request(swap("t1", 1, "/half"), swap("t2", 9, "/half")), b.request(swap("t5", version, "/d"), swap("t4", version, "/e")),
		}
	}
	together, err := b.Commit(t.Context(), swaps(1))
	if err != nil {
		t.Fatal(err)
	}
	alone := b.oneByOne(t, swaps(2))
	for i, want := range []string{"committed", "conflict", "replay", "committed", "conflict", "committed"} {
		if verdictName(together[i]) != want || verdictName(alone[i]) != want {
			t.Errorf("verdict %d is %#v together and %#v alone, want %s", i, together[i], alone[i], want)
		}
	}
	for table, version := range map[string]int64{"t0": 3, "t1": 1, "t2": 1, "t3": 3, "t4": 3, "t5": 3} {
		if got := b.table(t, key(table)).Version; got != version {
			t.Errorf("%s is at version %d, want %d", table, got, version)
		}
	}
	both, _ := together[5].(housetable.Committed)
	if len(both.Results) != 2 || both.Results[0].Table.Key != key("t5") || both.Results[1].Table.MetadataLocation != "/e" {
		t.Errorf("a transaction among others: %#v", together[5])
	}
	if wrong, ok := b.send(t, housetable.Commit{
		Warehouse: house, Operations: []housetable.Operation{{ID: known.Operations[0].ID, Fingerprint: []byte("another")}},
		Changes: known.Changes,
	}).(housetable.Refused); !ok {
		t.Errorf("another request under a recorded id: %#v", wrong)
	}
	transaction := b.request(swap("t2", 1, "/t2/2"), swap("t1", 1, "/t1/2"))
	for _, want := range []string{"committed", "replay"} {
		verdict := b.send(t, transaction)
		committed, ok := verdict.(housetable.Committed)
		if verdictName(verdict) != want || ok && committed.Results[1].Table.MetadataLocation != "/t1/2" {
			t.Errorf("a transaction: %#v, want %s", verdict, want)
		}
	}
}

// createVerdicts: creations are judged alike alone and together.
func createVerdicts(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	at := func(table, location string) housetable.CreateTable {
		c := create(table)
		c.Location, c.MetadataUUID = location, (*housetable.UUID)([]byte(fmt.Sprintf("%-16s", table)))
		return c
	}
	b.do(t, at("taken", "w/taken"))
	known := b.request()
	b.send(t, known)
	known.Changes = []housetable.Change{at("known", "w/known")}
	elsewhere, same := at("x", "w/x"), at("same", "w/same")
	elsewhere.Key.DatabaseID, same.MetadataUUID = "nowhere", at("taken", "").MetadataUUID
	creations := func(n string) (commits []housetable.Commit) {
		for _, change := range []housetable.CreateTable{
			at("a"+n, "w/"+n+"/a"), at("b"+n, "w/"+n+"/b"), at("t0", "w/t0"), elsewhere, same, at("u", "w/taken/u"), at("v", "w"),
		} {
			commits = append(commits, b.request(change))
		}
		return append(commits, known)
	}
	together, err := b.Commit(t.Context(), creations("1"))
	if err != nil {
		t.Fatal(err)
	}
	alone := b.oneByOne(t, creations("2"))
	for i, want := range []string{"committed", "committed", "conflict", "conflict", "conflict", "conflict", "conflict", "replay"} {
		if verdictName(together[i]) != want || verdictName(alone[i]) != want {
			t.Errorf("verdict %d is %#v together and %#v alone, want %s", i, together[i], alone[i], want)
		}
	}
	if b.table(t, key("a1")) == nil || b.table(t, key("b2")) == nil || b.table(t, key("known")) != nil {
		t.Error("not what fits is created, and nothing else")
	}
}

func verdictName(v housetable.Verdict) string {
	switch v.(type) {
	case housetable.Committed:
		return "committed"
	case housetable.Conflict:
		return "conflict"
	case housetable.Replay:
		return "replay"
	case housetable.Refused:
		return "refused"
	}
	return "nothing"
}
