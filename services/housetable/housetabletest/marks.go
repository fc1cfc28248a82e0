package housetabletest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// markTests are those of what tells that a list is right still.
func markTests() map[string]func(*testing.T, *bench) {
	return map[string]func(*testing.T, *bench){
		"ListMarks":             listMarks,
		"StrangeListMarks":      strangeMarks,
		"ListMarksAnew":         marksAnew,
		"ListMarksOfTheLate":    marksOfTheLate,
		"ListMarksUnderWriters": markRace,
	}
}

// same asks for the mark of the lists of "db", and whether that is still another one.
func (b *bench) same(t testing.TB, since string) (mark string, same bool) {
	t.Helper()
	mark, same, err := b.ListMark(t.Context(), house, "db", since)
	if err != nil || mark == "" {
		t.Fatalf("mark %q, %v", mark, err)
	}
	return mark, same
}

// settled is a mark that is the same as long as nothing changes: what was under way
// anywhere may spoil one that is given at once.
func (b *bench) settled(t testing.TB) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		mark, _ := b.same(t, "")
		if _, same := b.same(t, mark); same {
			return mark
		}
	}
	t.Fatal("no mark stays the same")
	return ""
}

// listMarks: a mark is another one after what changes a list, and after nothing else.
func listMarks(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2)
	b.do(t, housetable.CreateNamespace{DatabaseID: "other"})
	there := housetable.TableKey{DatabaseID: "other", TableID: "t"}
	var deleted housetable.SoftDeletedKey
	drop := func(soft bool) housetable.Change { return housetable.DropTable{Key: key("a"), Soft: soft} }
	for i, step := range []struct {
		change  housetable.Change
		changes bool
	}{
		{create("a"), true},
		{swap("t0", 1, "/t0/2"), false},
		{housetable.UpdateNamespace{DatabaseID: "db", Updates: map[string]string{"k": "v"}}, false},
		{housetable.CreateTable{Key: there, Kind: housetable.KindTable, MetadataLocation: "/t"}, false},
		{housetable.RenameTable{Key: there, Destination: housetable.TableKey{DatabaseID: "other", TableID: "u"}}, false},
		{housetable.RenameTable{Key: housetable.TableKey{DatabaseID: "other", TableID: "u"}, Destination: key("u")}, true},
		{housetable.RenameTable{Key: key("u"), Destination: key("w")}, true},
		{housetable.RenameTable{Key: key("w"), Destination: there}, true},
		{housetable.CreateTable{Key: key("v"), Kind: housetable.KindView, MetadataLocation: "/v"}, true},
		{housetable.DropTable{Key: key("v")}, true},
		{housetable.CreateTable{Key: housetable.TableKey{DatabaseID: "db", TableID: "f", Function: true}, Kind: housetable.KindFunction, MetadataLocation: "/f"}, true},
		{drop(true), true},
		{nil, true}, // restores it
		{drop(false), true},
		{housetable.CreateNamespace{DatabaseID: "db.inner"}, false},
	} {
		mark := b.settled(t)
		if step.change == nil {
			step.change = housetable.RestoreTable{SoftDeletedKey: deleted}
		}
		table := b.do(t, step.change).Results[0].Table
		if table != nil && table.DeletedAtMS != nil {
			deleted = housetable.SoftDeletedKey{Key: table.Key, DeletedAtMS: *table.DeletedAtMS}
		}
		if _, same := b.same(t, mark); same == step.changes {
			t.Errorf("step %d, %#v: the mark is the same: %v", i, step.change, same)
		}
	}
}

// strangeMarks: what is no mark is not the same as anything.
func strangeMarks(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	mark := b.settled(t)
	for _, strange := range []string{"", "@", "x", "1@", "-1@x", "x" + mark, mark + "x", "18446744073709551616@x"} {
		if _, same := b.same(t, strange); same {
			t.Errorf("%q is the same as %q", strange, mark)
		}
	}
	_, _, err := b.ListMark(t.Context(), "nowhere", "db", mark)
	wantKind(t, err, fault.NoSuchWarehouse)
	if _, err := b.CreateWarehouse(t.Context(), housetable.Warehouse{Name: "folded", CaseInsensitive: true}); err != nil {
		t.Fatal(err)
	}
	if mark, same, err := b.ListMark(t.Context(), "folded", "db", mark); mark != "" || same || err != nil {
		t.Errorf("a case-insensitive warehouse has the mark %q, %v, %v", mark, same, err)
	}
}

// marksAnew: a namespace that was dropped and made again is not the same, nor is
// one of which events were forgotten.
func marksAnew(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	full := b.settled(t)
	b.do(t, housetable.DropTable{Key: key("t0")})
	empty := b.settled(t)
	b.do(t, housetable.DropNamespace{DatabaseID: "db"})
	b.do(t, housetable.CreateNamespace{DatabaseID: "db"})
	made := b.settled(t)
	for _, mark := range []string{full, empty} {
		if _, same := b.same(t, mark); same {
			t.Errorf("%q is the same as %q", mark, made)
		}
	}
	b.do(t, create("new"))
	b.do(t, housetable.DropTable{Key: key("new")})
	b.forget(t, housetable.EventRetention{Versions: 1})
	if _, same := b.same(t, made); same {
		t.Error("a mark is the same though events of since then are forgotten")
	}
	b.settled(t)
}

// marksOfTheLate: what began before a mark and is there after it makes it another one.
func marksOfTheLate(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	made, read := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		var once sync.Once
		_, err := b.Once(context.WithoutCancel(t.Context()), house, b.operation(), func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
			_, err := s.Commit(ctx, []housetable.Commit{b.request(create("late"))})
			once.Do(func() { close(made) })
			<-read
			return housetable.Outcome{Status: 200}, err
		})
		done <- err
	}()
	<-made
	mark, _ := b.same(t, "")
	names, _, err := b.ListNames(t.Context(), namesOfDB())
	close(read)
	if committed := <-done; err != nil || committed != nil || slices.Contains(names, "late") {
		t.Fatalf("listed %q, %v, %v", names, err, committed)
	}
	if _, same := b.same(t, mark); same {
		t.Error("the mark is the same, and a table more is there")
	}
}

func namesOfDB() housetable.TableQuery {
	return housetable.TableQuery{Warehouse: house, DatabaseID: "db", Kind: housetable.KindTable, Page: housetable.Page{Limit: 1000}}
}

// keptList is a list that whoever asks for it takes as long as its mark is the same.
type keptList struct {
	mark  string
	names []string
}

// kept is the list as it is now.
func (b *bench) kept(ctx context.Context, last *atomic.Pointer[keptList]) (keptList, error) {
	known := *last.Load()
	mark, same, err := b.ListMark(ctx, house, "db", known.mark)
	if err != nil || same {
		return known, err
	}
	names, _, err := b.ListNames(ctx, namesOfDB())
	list := keptList{mark, names}
	last.Store(&list)
	return list, err
}

// markRace: a list that is kept shows what its reader has made, and does not show
// what it has dropped, while others make and drop.
func markRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	var last atomic.Pointer[keptList]
	last.Store(&keptList{})
	var wait sync.WaitGroup
	for rival := range rivals {
		wait.Go(func() {
			name := fmt.Sprint("r", rival)
			for range rounds {
				b.do(t, create(name))
				if list, err := b.kept(t.Context(), &last); err != nil || !slices.Contains(list.names, name) {
					t.Errorf("%s is made and listed as %+v, %v", name, list, err)
				}
				b.do(t, housetable.DropTable{Key: key(name)})
				if list, err := b.kept(t.Context(), &last); err != nil || slices.Contains(list.names, name) {
					t.Errorf("%s is dropped and listed as %+v, %v", name, list, err)
				}
			}
		})
	}
	wait.Wait()
}
