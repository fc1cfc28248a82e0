package pictures

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/drawing"
)

// Measures of a dashboard, in pixels.
const (
	column     = 55 // of the grid's 24
	line       = 27 // of the grid's
	columns    = 24
	headHigh   = 40
	spacing    = 4
	axisWide   = 62
	titleHigh  = 26
	entryHigh  = 13
	legendRows = 4
	labelHigh  = 16 // below the plot
	levels     = 4
)

// Draw draws every panel at its place, with its lines, over a span of time.
func (d *Dashboard) Draw(title string, from, to time.Time, lines map[Place][]Line) (string, error) {
	bottom := 0
	for _, p := range d.Panels {
		bottom = max(bottom, p.Place.Y+p.Place.Height)
	}
	out := drawing.New(columns*column+2*spacing, headHigh+bottom*line+spacing, title, rules)
	for _, p := range d.Panels {
		f := frame{
			out: out, from: from, to: to, x: spacing + p.Place.X*column, y: headHigh + p.Place.Y*line,
			width: p.Place.Width*column - spacing, height: p.Place.Height*line - spacing,
		}
		if err := f.panel(p, lines[p.Place]); err != nil {
			return "", fmt.Errorf("draw %q: %w", p.Title, err)
		}
	}
	return out.End(), nil
}

// frame is where a panel is drawn.
type frame struct {
	out                 *drawing.SVG
	from, to            time.Time
	x, y, width, height int
	// plot is what is left of it for lines.
	left, right, top, bottom float64
	most                     float64
}

func (f *frame) panel(p Panel, lines []Line) error {
	if p.Type == "row" {
		f.out.Addf(`<text class="t" x="%d" y="%d">%s</text>`+"\n", f.x+spacing, f.y+f.height-spacing, drawing.Escaped(p.Title))
		return nil
	}
	f.out.Addf(`<rect class="b" x="%d" y="%d" width="%d" height="%d" rx="4"/><text class="h" x="%d" y="%d">%s</text>`+"\n",
		f.x, f.y, f.width, f.height, f.x+8, f.y+17, drawing.Escaped(p.Title))
	rows := f.legend(lines)
	f.left, f.right = float64(f.x+axisWide), float64(f.x+f.width-18)
	f.top, f.bottom = float64(f.y+titleHigh), float64(f.y+f.height-rows*entryHigh-labelHigh-8)
	if err := f.axes(p.Fields.Defaults.Unit, lines); err != nil {
		return err
	}
	for i, l := range lines {
		f.line(i%len(colours), l)
	}
	return nil
}

// axes draws levels and times, and finds what the highest level is.
func (f *frame) axes(unit string, lines []Line) error {
	f.most = 0
	for _, l := range lines {
		for _, p := range l.Points {
			if drawable(p.Value) {
				f.most = max(f.most, p.Value)
			}
		}
	}
	if f.most == 0 {
		f.most = 1
	}
	s, err := scaleOf(unit, f.most)
	if err != nil {
		return err
	}
	step := s.step(f.most, levels)
	f.most = step * math.Ceil(f.most/step-1e-9)
	for level := 0.0; level <= f.most*1.001; level += step {
		y := f.down(level)
		f.out.Addf(`<path class="g" d="M%.0f %.1fH%.0f"/><text class="s m n" x="%.0f" y="%.1f">%s</text>`+"\n", f.left, y, f.right, f.left-5, y+3, s.text(level))
	}
	for at := time.Duration(0); at <= f.to.Sub(f.from); at += ticking(f.to.Sub(f.from)) {
		f.out.Addf(`<text class="s m" x="%.0f" y="%.0f" text-anchor="middle">%d:%02d</text>`, f.across(f.from.Add(at)), f.bottom+13, int(at.Minutes()), int(at.Seconds())%60)
	}
	return nil
}

// ticking is how far apart times are told, of a span of time.
func ticking(span time.Duration) time.Duration {
	const most = 6
	for _, step := range []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute} {
		if span/step <= most {
			return step
		}
	}
	return span / most
}

func drawable(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

func (f *frame) down(value float64) float64 { return f.bottom - (f.bottom-f.top)*value/f.most }

func (f *frame) across(at time.Time) float64 {
	return f.left + (f.right-f.left)*float64(at.Sub(f.from))/float64(f.to.Sub(f.from))
}

// line draws one, in pieces where there are gaps; a point alone is a dot.
func (f *frame) line(colour int, l Line) {
	var path strings.Builder
	apart := f.apart(l)
	var before time.Time
	for _, p := range l.Points {
		if !drawable(p.Value) {
			continue
		}
		move := "M"
		if !before.IsZero() && p.At.Sub(before) <= apart {
			move = "L"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", move, f.across(p.At), f.down(p.Value))
		if move == "M" {
			path.WriteString("h.1")
		}
		before = p.At
	}
	if path.Len() > 0 {
		f.out.Addf(`<path class="w l%d" stroke-linecap="round" d="%s"/>`+"\n", colour, path.String())
	}
}

// apart is how far two points stand apart at most that nothing is missing between.
func (f *frame) apart(l Line) time.Duration {
	least := f.to.Sub(f.from)
	for i := 1; i < len(l.Points); i++ {
		least = min(least, l.Points[i].At.Sub(l.Points[i-1].At))
	}
	return least + least/2
}

// legend names lines at the panel's foot, as many as there is room for, and is how many
// rows that took.
func (f *frame) legend(lines []Line) int {
	rows := f.entries(lines)
	for r, row := range rows {
		y, x := f.y+f.height-8-(len(rows)-1-r)*entryHigh, f.x+8
		for _, e := range row {
			if e.colour >= 0 {
				f.out.Addf(`<rect class="a%d" x="%d" y="%d" width="9" height="3"/>`, e.colour, x, y-5)
			}
			f.out.Addf(`<text class="s" x="%d" y="%d">%s</text>`, x+13, y, drawing.Escaped(e.name))
			x += e.width
		}
		f.out.Addf("\n")
	}
	return len(rows)
}

// entry is a line's name.
type entry struct {
	name          string
	colour, width int
}

// newEntry leaves out how a long name begins: methods begin alike.
func newEntry(name string, colour int) entry {
	const letter, beside, letters = 6, 22, 36
	all := []rune(name)
	if len(all) > letters {
		name, all = "…"+string(all[len(all)-letters:]), all[:letters+1]
	}
	return entry{name, colour, beside + letter*len(all)}
}

// entries are as many rows as there is room for.
func (f *frame) entries(lines []Line) (rows [][]entry) {
	room := 0
	for i, l := range lines {
		e := newEntry(l.Name, i%len(colours))
		if e.width > room {
			if len(rows) == legendRows {
				last := &rows[len(rows)-1]
				*last = append((*last)[:len(*last)-1], entry{fmt.Sprintf("and %d more", len(lines)-i+1), -1, 0})
				return rows
			}
			rows, room = append(rows, nil), f.width-2*spacing
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		room -= e.width
	}
	return rows
}
