package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/sqlite"
)

// crashFile in the environment makes the test binary the process to kill.
const crashFile = "IGLOO_TEST_CRASH_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		if err := commitForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// commitForEver swaps two tables together and says which version was acknowledged.
func commitForEver(path string) error {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	for n := int64(0); ; n++ {
		changes := []housetable.Change{housetable.CreateNamespace{DatabaseID: "db"}}
		switch {
		case n == 1:
			changes = []housetable.Change{
				housetable.CreateTable{Key: crashKey("a"), Kind: housetable.KindTable, MetadataLocation: "/"},
				housetable.CreateTable{Key: crashKey("b"), Kind: housetable.KindTable, MetadataLocation: "/"},
			}
		case n > 1:
			changes = []housetable.Change{
				housetable.SwapTable{Key: crashKey("a"), MetadataLocation: "/"}, housetable.SwapTable{Key: crashKey("b"), MetadataLocation: "/"},
			}
		}
		verdicts, err := store.Commit(ctx, []housetable.Commit{{
			Warehouse: housetable.DefaultWarehouse, Operations: []housetable.Operation{{ID: crashOperation(n)}}, Changes: changes,
		}})
		if err != nil {
			return err
		}
		if _, ok := verdicts[0].(housetable.Committed); !ok {
			return fmt.Errorf("commit %d: %#v", n, verdicts[0])
		}
		fmt.Println(n) // what the parent reads
	}
}

func crashKey(table string) housetable.TableKey {
	return housetable.TableKey{DatabaseID: "db", TableID: table}
}

func crashOperation(n int64) housetable.UUID {
	return housetable.UUID{byte(n), byte(n >> 8), byte(n >> 16)}
}

// TestKill: what was acknowledged before kill -9 is there, whole, and nothing
// half-done is.
func TestKill(t *testing.T) {
	for round := range 3 {
		path := filepath.Join(t.TempDir(), "igloo.db")
		last := killAfter(t, path, time.Duration(100+80*round)*time.Millisecond)
		store, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Operation(t.Context(), housetable.DefaultWarehouse, crashOperation(last)); err != nil {
			t.Fatalf("acknowledged operation %d: %v", last, err)
		}
		tables, err := store.Tables(t.Context(), housetable.DefaultWarehouse, []housetable.TableKey{crashKey("a"), crashKey("b")})
		if err != nil || slices.Contains(tables, nil) {
			t.Fatalf("tables %+v, %v", tables, err)
		}
		if tables[0].Version < last || tables[0].Version != tables[1].Version {
			t.Fatalf("versions %d and %d after %d was acknowledged", tables[0].Version, tables[1].Version, last)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter returns the last commit that the process acknowledged.
func killAfter(t *testing.T, path string, d time.Duration) int64 {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), crashFile+"="+path)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	lines := bufio.NewScanner(out)
	var deadline <-chan time.Time
	for lines.Scan() {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if last == 5 && deadline == nil { // running: the clock starts
			deadline = time.After(d)
			go func() {
				<-deadline
				_ = process.Process.Kill()
			}()
		}
	}
	_ = process.Wait() // killed
	if last < 5 {
		t.Fatalf("the process stopped at commit %d", last)
	}
	return last
}
