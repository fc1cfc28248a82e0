package command

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

func TestProgressIsTold(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		want        string
	}{
		{0, 10, "[                              ] 0 of 10 tables read (0/s, 99h0m0s left)"},
		{5, 10, "[###############               ] 5 of 10 tables read (1/s, 5s left)"},
		{10, 10, "[##############################] 10 of 10 tables read (2/s, 0s left)"},
		{7, 0, "7 tables read (1/s)"},
		{11, 10, "11 tables read (2/s)"},
	} {
		p := &progress{what: "tables read", total: c.total, done: c.done}
		if got := p.line(5 * time.Second); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.done, c.total, got, c.want)
		}
	}
}

// TestProgressIsForTerminals: what scripts read has none of it.
func TestProgressIsForTerminals(t *testing.T) {
	var out strings.Builder
	p := newProgress(&settings.Env{Stderr: &out}, "tables read", 0)
	for range 3 {
		p.grow(2)
		p.add(1)
	}
	p.end()
	if out.Len() > 0 || p.done != 3 || p.total != 6 {
		t.Errorf("%q was written, %d of %d are done", &out, p.done, p.total)
	}
}

// TestProgressLeavesNothing behind on a terminal's line.
func TestProgressLeavesNothing(t *testing.T) {
	screen, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	p := &progress{to: screen, what: "tables read"}
	p.add(1)
	p.end()
	p.add(1)
	text, err := os.ReadFile(screen.Name())
	if err != nil || !strings.HasPrefix(string(text), "\r\x1b[K1 tables read") || !strings.HasSuffix(string(text), "\r\x1b[K") {
		t.Errorf("%q is written, %v", text, err)
	}
}
