package cedar

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHalfAFileIsNotBelieved: one that is written in place has fewer prohibitions
// for a while.
func TestHalfAFileIsNotBelieved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policies.cedar")
	become := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const allows, prevents = "permit(principal, action, resource);", "\nforbid(principal, action, resource);"
	become(allows + prevents)
	p, err := follow(path, time.Hour, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	holds := func(after string, policies int) {
		t.Helper()
		p.look(t.Context())
		if n := len(maps.Collect(p.set.Load().All())); n != policies {
			t.Errorf("after %s there are %d policies, want %d", after, n, policies)
		}
	}
	become("")
	holds("it was emptied", 2)
	become(allows)
	holds("one policy was written", 2)
	become(allows + prevents)
	holds("both were written", 2)
	become(allows + prevents + prevents)
	holds("a third was written", 2)
	holds("it has stayed so", 3)
	become(allows)
	holds("it has changed", 3)
	become(allows + strings.Repeat(prevents, 3))
	holds("it has changed again", 3)
	become(allows)
	holds("it has changed back", 3)
	holds("it has stayed so", 1)
}
