package pictures_test

import (
	"cmp"
	"context"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/otlptest"
	"github.com/igloo-catalog/igloo/services/igloo/pictures"
)

var (
	lasting = flag.Duration("pictures.for", 0, "how long Igloo is put under load for what is drawn; 0 skips it")
	folder  = flag.String("pictures.folder", "", "where to put the drawings; without it they are not kept")
)

// paused is how long lies between visits.
const paused = 500 * time.Millisecond

const dashboard = "../../../deploy/grafana/igloo.json"

// TestPictures puts both services under load, and draws the trace of a commit and the
// dashboard that is shipped. An expression of the dashboard that Prometheus answers
// with nothing fails.
func TestPictures(t *testing.T) {
	if *lasting == 0 {
		t.Skip("'make pictures' runs it: it takes minutes")
	}
	i := newIgloo(t)
	prometheus := newPrometheus(t, i.scraped())
	owner := i.token(t, "owner")
	if err := i.post(t.Context(), owner, "/v1/namespaces", `{"namespace":["visited"]}`); err != nil {
		t.Fatal(err)
	}
	keep(t, "trace.svg", pictures.Trace("One commit: from its request to Postgres, to storage, and to Redis", i.trace(t, owner)))
	work := i.prepare(t, owner)
	from := time.Now()
	i.live(t, owner, work)
	draw(t, prometheus, from, time.Now())
}

// trace is that of a commit under a key, by a client that began it, to a table that was
// committed to before.
func (i *igloo) trace(t *testing.T, owner string) []pictures.Span {
	t.Helper()
	const id, parent, commits = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 5
	const tables = "/v1/namespaces/visited/tables"
	if err := i.post(t.Context(), owner, tables, creation("traced")); err != nil {
		t.Fatal(err)
	}
	for n := range commits {
		header := []string{"Idempotency-Key", uuid.Must(uuid.NewV7()).String()}
		if n == commits-1 {
			header = append(header, "Traceparent", "00-"+id+"-"+parent+"-01")
		}
		body := `{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"` + uuid.NewString() + `"}}]}`
		if err := i.post(t.Context(), owner, tables+"/traced", body, header...); err != nil {
			t.Fatal(err)
		}
	}
	return spansOf(i.traces.Await(t, id, func(spans []otlptest.Span) bool { return whole(spans, parent) }))
}

// whole reports whether nothing of a trace is on its way any more: all that spans are
// parts of is there, and each kind of system was asked.
func whole(spans []otlptest.Span, root string) bool {
	known, systems := map[string]bool{root: true}, map[string]bool{}
	for _, s := range spans {
		known[s.ID()], systems[system(s)] = true, true
	}
	orphan := slices.ContainsFunc(spans, func(s otlptest.Span) bool { return !known[s.Parent()] })
	return !orphan && systems["Postgres"] && systems["Redis"] && systems["S3"] && systems["igloo-catalog"] && systems["igloo-housetable"]
}

// system is in what a span spends its time.
func system(s otlptest.Span) string {
	named := map[string]string{"postgresql": "Postgres", "redis": "Redis"}[s.Attribute("db.system.name")]
	if strings.HasPrefix(s.GetName(), "storage ") {
		named = "S3"
	}
	return cmp.Or(named, s.Service)
}

func spansOf(spans []otlptest.Span) []pictures.Span {
	all := make([]pictures.Span, len(spans))
	for i, s := range spans {
		all[i] = pictures.Span{
			ID: s.ID(), Parent: s.Parent(), Name: s.GetName(), Service: s.Service, In: system(s),
			Start: time.Unix(0, int64(s.GetStartTimeUnixNano())), End: time.Unix(0, int64(s.GetEndTimeUnixNano())),
		}
	}
	return all
}

// live puts Igloo under load, and takes Redis away for a part of it.
func (i *igloo) live(t *testing.T, owner string, work func(time.Duration)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { i.loseRedis(ctx, t) })
	all.Go(func() {
		for hasty := i.token(t, "hasty"); ctx.Err() == nil; {
			if err := i.visit(ctx, owner, hasty); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			sleep(ctx, paused)
		}
	})
	work(*lasting)
	cancel()
	all.Wait()
}

// loseRedis takes Redis away in the middle, for a twelfth of the time.
func (i *igloo) loseRedis(ctx context.Context, t *testing.T) {
	t.Helper()
	sleep(ctx, *lasting/2)
	if err := i.Redis.Kill(); err != nil {
		t.Error(err)
	}
	sleep(ctx, *lasting/12)
	if err := i.Redis.Restart(t.Context()); err != nil {
		t.Error(err)
	}
}

func sleep(ctx context.Context, long time.Duration) {
	select {
	case <-time.After(long):
	case <-ctx.Done():
	}
}

// draw asks for every expression of the dashboard, and draws it.
func draw(t *testing.T, p *prometheus, from, to time.Time) {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	d, err := pictures.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[pictures.Place][]pictures.Line{}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			found, err := p.lines(t.Context(), target, from, to)
			if err != nil || !slices.ContainsFunc(found, told) {
				t.Errorf("%s, %s: nothing is answered to %s: %v", panel.Title, target.ID, target.Asked(rated), err)
			}
			lines[panel.Place] = append(lines[panel.Place], found...)
		}
	}
	picture, err := d.Draw("The dashboard, "+to.Sub(from).Round(time.Second).String()+" of load", from, to, lines)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "dashboard.svg", picture)
}

// told reports whether a line has a value at all.
func told(l pictures.Line) bool {
	return slices.ContainsFunc(l.Points, func(p pictures.Point) bool { return !math.IsNaN(p.Value) })
}

func keep(t *testing.T, name, picture string) {
	t.Helper()
	if *folder == "" {
		return
	}
	if err := os.MkdirAll(*folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*folder, name), []byte(picture), 0o600); err != nil {
		t.Fatal(err)
	}
}
