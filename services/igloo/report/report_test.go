package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/report"
)

var update = flag.Bool("update", false, "take what is rendered for what is wanted")

// What is kept in testdata/kept makes the page and the plots of testdata/want, twice
// the same, and leaves the rest of the page alone.
func TestWrite(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "performance")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "kept"))); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(folder, "page.md")
	for range 2 {
		if err := report.Write(folder, page); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"page.md", "rates.svg", "cpu.svg", "latency-loads.svg", "latency-commits.svg"} {
			same(t, filepath.Join("testdata", "want", name), filepath.Join(folder, name))
		}
	}
}

func same(t *testing.T, want, got string) {
	t.Helper()
	rendered := text(t, got)
	if *update {
		if err := os.WriteFile(want, []byte(rendered), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if text(t, want) != rendered {
		t.Errorf("%s is not as wanted:\n%s", want, rendered)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A marker that is not closed is told, and the page stays.
func TestUnclosedMarker(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "page.md")
	const open = "# Page\n<!-- measured: reached -->\nno end"
	if err := os.WriteFile(page, []byte(open), 0o600); err != nil {
		t.Fatal(err)
	}
	err := report.Write(folder, page)
	if err == nil || !strings.Contains(err.Error(), "reached") || text(t, page) != open {
		t.Errorf("%v; the page is %q", err, text(t, page))
	}
}
