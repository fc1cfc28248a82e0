package report

import (
	"math"

	"github.com/igloo-catalog/igloo/services/igloo/drawing"
)

// chart is groups of horizontal bars on a logarithmic axis, as what is compared is
// many times apart.
type chart struct {
	name, title string
	legend      []string // of the bars of each group
	groups      []group
}

// group are bars side by side; one of 0 is not drawn.
type group struct {
	name   string
	values []float64
}

// Measures of a chart, in pixels.
const (
	width    = 860
	left     = 230 // where bars begin
	right    = 70  // room for the number behind the longest bar
	top      = 84
	bottom   = 12
	bar      = 12
	gap      = 10 // between groups
	textDown = 10 // the line that text stands on, below the top of its bar
	dotWide  = 170
)

// draw makes an SVG of it.
func (c chart) draw() string {
	height := top + bottom
	for _, g := range c.groups {
		height += len(g.drawn())*bar + gap
	}
	out := drawing.New(width, height, c.title, "")
	for i, name := range c.legend {
		out.Addf(`<rect class="c%d" x="%d" y="34" width="10" height="10"/><text x="%d" y="43">%s</text>`+"\n", i, 12+i*dotWide, 26+i*dotWide, drawing.Escaped(name))
	}
	axis := c.axis()
	axis.draw(out, height)
	y := top
	for _, g := range c.groups {
		y = g.draw(out, axis, y)
	}
	return out.End()
}

// drawn are the places of the bars that there are.
func (g group) drawn() []int {
	var places []int
	for i, value := range g.values {
		if value > 0 {
			places = append(places, i)
		}
	}
	return places
}

// draw returns where the next group begins.
func (g group) draw(out *drawing.SVG, axis axis, y int) int {
	places := g.drawn()
	out.Addf(`<text class="n" x="%d" y="%d">%s</text>`+"\n", left-8, y+len(places)*bar/2+4, drawing.Escaped(g.name))
	for _, i := range places {
		end := axis.place(g.values[i])
		out.Addf(`<rect class="c%d" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">%s</text>`+"\n",
			i, left, y, end-left, bar-2, end+4, y+textDown-1, number(g.values[i]))
		y += bar
	}
	return y + gap
}

// axis is logarithmic, between two powers of ten.
type axis struct{ from, to float64 }

func (c chart) axis() axis {
	least, most := math.Inf(1), math.Inf(-1)
	for _, g := range c.groups {
		for _, i := range g.drawn() {
			least, most = min(least, g.values[i]), max(most, g.values[i])
		}
	}
	if least > most {
		return axis{0, 1}
	}
	from := math.Floor(math.Log10(least * 0.9)) // so that the shortest bar is seen
	return axis{from, max(math.Ceil(math.Log10(most)), from+1)}
}

// place is where a value stands.
func (a axis) place(value float64) float64 {
	return left + (math.Log10(value)-a.from)/(a.to-a.from)*(width-left-right)
}

func (a axis) draw(out *drawing.SVG, height int) {
	for power := a.from; power <= a.to; power++ {
		x := a.place(math.Pow(10, power))
		out.Addf(`<path class="g" d="M%.1f %dV%d"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n",
			x, top-6, height-bottom, x, top-12, math.Pow(10, power))
	}
}
