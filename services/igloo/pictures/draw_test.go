package pictures_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/pictures"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// after is so many milliseconds after noon.
func after(milliseconds int) time.Time {
	return noon.Add(time.Duration(milliseconds) * time.Millisecond)
}

// TestATraceIsDrawn: parts below what they are parts of, in the order in which they
// began, wherever they stand in what came.
func TestATraceIsDrawn(t *testing.T) {
	picture := pictures.Trace("a <commit>", []pictures.Span{
		{"c", "a", "SELECT", "housetable", "Postgres", after(6), after(8)},
		{"b", "a", "storage create", "catalog", "S3", after(1), after(5)},
		{"a", "client", "POST /v1/{prefix}", "catalog", "catalog", after(0), after(10)},
	})
	drawn(t, picture, "a &lt;commit&gt;", `x="12" y="92">POST /v1/{prefix}<`, `x="24" y="113">storage create<`, `x="24" y="134">SELECT<`, ">10 ms<", ">4 ms<")
	if whole := `x="545.0" y="82" width="495.0"`; !strings.Contains(picture, whole) {
		t.Errorf("the whole is not drawn as %s:\n%s", whole, picture)
	}
}

// TestTheDashboardIsDrawn, as it is shipped: every panel, its lines at the scale of
// its unit, gaps left open.
func TestTheDashboardIsDrawn(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	d, err := pictures.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[pictures.Place][]pictures.Line{}
	for _, p := range d.Panels {
		lines[p.Place] = []pictures.Line{{Name: "of " + p.Title, Points: []pictures.Point{
			{after(0), 0.001}, {after(1000), 0.004}, {after(2000), math.NaN()}, {after(3000), 0.002}, {after(4000), 0.002},
		}}}
	}
	picture, err := d.Draw("Igloo", after(0), after(4000), lines)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		drawn(t, picture, ">"+p.Title+"<")
	}
	drawn(t, picture, ">4 ms<", ">0:04<", ">0.004 req/s<", ">of Memory<")
	if breaks := strings.Count(picture, "h.1L"); breaks < 2*20 {
		t.Errorf("%d pieces of lines, and each has two", breaks)
	}
}

// drawn looks whether a picture is XML and has these.
func drawn(t *testing.T, picture string, wanted ...string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range wanted {
		if !strings.Contains(picture, want) {
			t.Errorf("%q is not in it:\n%.3000s", want, picture)
		}
	}
}

func TestWhatCannotBeDrawnIsTold(t *testing.T) {
	if _, err := pictures.Read([]byte(`{"panels":[{"type":"table","title":"t"}]}`)); err == nil || !strings.Contains(err.Error(), `panel "t" is a table`) {
		t.Error(err)
	}
	d, err := pictures.Read([]byte(`{"panels":[{"type":"timeseries","title":"t","fieldConfig":{"defaults":{"unit":"parsecs"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Draw("", after(0), after(1), nil); err == nil || !strings.Contains(err.Error(), `"parsecs" is not known`) {
		t.Error(err)
	}
}

// TestWhatGrafanaFillsIn: variables of expressions, and labels in names.
func TestWhatGrafanaFillsIn(t *testing.T) {
	target := pictures.Target{Expression: `rate(a{job=~"$job"}[$__rate_interval])`, Legend: "{{b}} {{c}}"}
	if asked := target.Asked(4 * time.Second); asked != `rate(a{job=~".*"}[4000ms])` {
		t.Error(asked)
	}
	if called := target.Called(map[string]string{"b": "x", "c": "y"}); called != "x y" {
		t.Error(called)
	}
}
