package pictures

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/drawing"
)

// Span is a part of a trace: what was done, by which service, and in what it spent its
// time, the service itself or what it asked: "Postgres".
type Span struct {
	ID, Parent        string
	Name, Service, In string
	Start, End        time.Time
}

// Measures of a waterfall, in pixels.
const (
	traceWide  = 1120
	nameWide   = 420
	barsFrom   = 545 // behind names and services
	barsTo     = 1040
	rowHigh    = 21
	traceTop   = 78
	indent     = 12
	ticks      = 5
	legendWide = 150
)

// Trace draws a waterfall: a row for each span, below the one that it is a part of.
func Trace(title string, spans []Span) string {
	rows, from, to := ordered(spans)
	height := traceTop + len(rows)*rowHigh + indent
	out := drawing.New(traceWide, height, title, rules)
	places := legend(out, rows)
	whole := max(to.Sub(from), time.Microsecond)
	at := func(of time.Time) float64 { return barsFrom + (barsTo-barsFrom)*float64(of.Sub(from))/float64(whole) }
	step := time.Duration(scale{from: 1}.step(float64(whole), ticks))
	for tick := time.Duration(0); tick <= whole; tick += step {
		x := at(from.Add(tick))
		out.Addf(`<path class="g" d="M%.1f %dV%d"/><text class="s m" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, traceTop-8, height-indent, x, traceTop-14, lasting(tick))
	}
	for i, row := range rows {
		row.draw(out, traceTop+i*rowHigh, places[row.In], at)
	}
	return out.End()
}

// row is a span with how deep it lies.
type row struct {
	Span
	depth int
}

// ordered are rows in the order of their beginnings, each below its own, and when the
// first begins and the last ends.
func ordered(spans []Span) (rows []row, from, to time.Time) {
	parts, known := map[string][]Span{}, map[string]bool{}
	for _, s := range spans {
		known[s.ID] = true
	}
	for _, s := range spans {
		if !known[s.Parent] {
			s.Parent = "" // what it is a part of was not recorded here
		}
		parts[s.Parent] = append(parts[s.Parent], s)
		if from.IsZero() || s.Start.Before(from) {
			from = s.Start
		}
		if s.End.After(to) {
			to = s.End
		}
	}
	return below(parts, "", 0), from, to
}

func below(parts map[string][]Span, parent string, depth int) (rows []row) {
	slices.SortStableFunc(parts[parent], func(a, b Span) int { return a.Start.Compare(b.Start) })
	for _, s := range parts[parent] {
		rows = append(append(rows, row{s, depth}), below(parts, s.ID, depth+1)...)
	}
	return rows
}

// legend tells colours, and is which one stands for what.
func legend(out *drawing.SVG, rows []row) map[string]int {
	places := map[string]int{}
	for _, r := range rows {
		if _, known := places[r.In]; known {
			continue
		}
		i := len(places)
		places[r.In] = i % len(colours)
		out.Addf(`<rect class="a%d" x="%d" y="34" width="10" height="10"/><text x="%d" y="43">%s</text>`+"\n",
			places[r.In], indent+i*legendWide, indent+14+i*legendWide, drawing.Escaped(r.In))
	}
	return places
}

func (r row) draw(out *drawing.SVG, y, place int, at func(time.Time) float64) {
	x := indent + r.depth*indent
	begin, end := at(r.Start), at(r.End)
	const letter = 5.7 // the width of most
	out.Addf(`<text x="%d" y="%d">%s</text>`, x, y+14, drawing.Escaped(shortened(r.Name, int(float64(nameWide-x)/letter))))
	out.Addf(`<text class="s m" x="%d" y="%d">%s</text>`, nameWide+indent, y+14, drawing.Escaped(r.Service))
	out.Addf(`<rect class="a%d" x="%.1f" y="%d" width="%.1f" height="%d" rx="2"/>`, place, begin, y+4, max(end-begin, 1.5), rowHigh-8)
	out.Addf(`<text class="s" x="%.1f" y="%d">%s</text>`+"\n", max(end, begin+1.5)+4, y+14, lasting(r.End.Sub(r.Start)))
}

// shortened leaves out what stands in the middle of a text of too many letters.
func shortened(text string, letters int) string {
	all := []rune(text)
	if len(all) <= letters {
		return text
	}
	half := (letters - 1) / 2
	return string(all[:half]) + "…" + string(all[len(all)-half:])
}

// lasting is a duration in three figures.
func lasting(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)), ".0") + " ms"
}
