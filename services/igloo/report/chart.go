package report

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
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

// style suits light and dark pages: whoever shows the picture says which it is.
const style = `<style>
text{font:11px system-ui,sans-serif;fill:#1f2328}.t{font-size:14px;font-weight:600}.n{text-anchor:end}.g{stroke:#d1d9e0}.p{fill:#fff}
.c0{fill:#0b6bcb}.c1{fill:#59a7f0}.c2{fill:#c2570c}.c3{fill:#8250df}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#3d444d}.p{fill:#0d1117}.c0{fill:#4493f8}.c1{fill:#a5d0ff}.c2{fill:#f0883e}.c3{fill:#bc8cff}}
</style>
`

// draw makes an SVG of it.
func (c chart) draw() string {
	height := top + bottom
	for _, g := range c.groups {
		height += len(g.drawn())*bar + gap
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, "<title>%s</title>\n%s", escaped(c.title), style)
	fmt.Fprintf(&out, `<rect class="p" width="%d" height="%d" rx="6"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<text class="t" x="12" y="22">%s</text>`+"\n", escaped(c.title))
	for i, name := range c.legend {
		fmt.Fprintf(&out, `<rect class="c%d" x="%d" y="34" width="10" height="10"/><text x="%d" y="43">%s</text>`+"\n", i, 12+i*dotWide, 26+i*dotWide, escaped(name))
	}
	axis := c.axis()
	axis.draw(&out, height)
	y := top
	for _, g := range c.groups {
		y = g.draw(&out, axis, y)
	}
	out.WriteString("</svg>\n")
	return out.String()
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
func (g group) draw(out *strings.Builder, axis axis, y int) int {
	places := g.drawn()
	fmt.Fprintf(out, `<text class="n" x="%d" y="%d">%s</text>`+"\n", left-8, y+len(places)*bar/2+4, escaped(g.name))
	for _, i := range places {
		end := axis.place(g.values[i])
		fmt.Fprintf(out, `<rect class="c%d" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">%s</text>`+"\n",
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

func (a axis) draw(out *strings.Builder, height int) {
	for power := a.from; power <= a.to; power++ {
		x := a.place(math.Pow(10, power))
		fmt.Fprintf(out, `<path class="g" d="M%.1f %dV%d"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n",
			x, top-6, height-bottom, x, top-12, math.Pow(10, power))
	}
}

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	return out.String()
}
