package command

import (
	"strings"
	"testing"
)

// TestColumns are as wide as what is in them, and as narrow as the screen.
func TestColumns(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, "NAME              LOCATION          N\nsales             s3://lake/sales   1\nä-long-warehouse  s3://lake/longer  22\n"},
		{40, "NAME              LOCATION          N\nsales             s3://lake/sales   1\nä-long-warehouse  s3://lake/longer  22\n"},
		{30, "NAME          LOCATION      N\nsales         s3://lake/s…  1\nä-long-ware…  s3://lake/l…  22\n"},
		{1, "NAME      LOCATION  N\nsales     s3://la…  1\nä-long-…  s3://la…  22\n"},
	} {
		var out strings.Builder
		columns := &columns{to: &out, width: c.width}
		for _, row := range [][]string{{"NAME", "LOCATION", "N"}, {"sales", "s3://lake/sales", "1"}, {"ä-long-warehouse", "s3://lake/longer", "22"}} {
			if err := columns.add(plain, row); err != nil {
				t.Fatal(err)
			}
		}
		if err := columns.flush(); err != nil || out.String() != c.want {
			t.Errorf("on %d:\n%s\nwant\n%s%v", c.width, &out, c.want, err)
		}
	}
}

// TestLongListsAreNotHeld: they are shown while they are read.
func TestLongListsAreNotHeld(t *testing.T) {
	var out strings.Builder
	columns := &columns{to: &out}
	for range 10 * heldRows {
		if err := columns.add(plain, []string{"a", "b"}); err != nil {
			t.Fatal(err)
		}
		if len(columns.held) >= heldRows {
			t.Fatalf("%d rows are held", len(columns.held))
		}
	}
	if lines := strings.Count(out.String(), "a  b\n"); lines != 10*heldRows {
		t.Errorf("%d rows are shown", lines)
	}
}

// TestColoursDoNotShift what is below them.
func TestColoursDoNotShift(t *testing.T) {
	var out strings.Builder
	p := printer{to: &out, form: tableForm, screen: screen{width: 80, coloured: true}}
	if err := p.rows([]string{"A", "B"}, [][]string{{"long", "b"}}); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\nlong  b\n"; out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
}
