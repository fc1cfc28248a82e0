// Package drawing owns what the drawings of the documentation have in common: SVG with
// one font and one set of colours, which suits light and dark pages.
//
// It promises that a text which was escaped by it never ends the element it is in.
package drawing

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// style suits light and dark pages: whoever shows the picture says which it is.
const style = `<style>
text{font:11px system-ui,sans-serif;fill:#1f2328}.t{font-size:14px;font-weight:600}.n{text-anchor:end}.g{stroke:#d1d9e0}.p{fill:#fff}
.c0{fill:#0b6bcb}.c1{fill:#59a7f0}.c2{fill:#c2570c}.c3{fill:#8250df}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#3d444d}.p{fill:#0d1117}.c0{fill:#4493f8}.c1{fill:#a5d0ff}.c2{fill:#f0883e}.c3{fill:#bc8cff}}
%s</style>
`

// SVG is a drawing under way.
type SVG struct{ out strings.Builder }

// New begins a drawing of so many pixels, with its title in the corner; rules of CSS
// come after those that all have.
func New(width, height int, title, rules string) *SVG {
	s := &SVG{}
	s.Addf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	s.Addf("<title>%s</title>\n"+style, Escaped(title), rules)
	s.Addf(`<rect class="p" width="%d" height="%d" rx="6"/>`+"\n", width, height)
	s.Addf(`<text class="t" x="12" y="22">%s</text>`+"\n", Escaped(title))
	return s
}

// Addf adds elements.
func (s *SVG) Addf(format string, values ...any) { fmt.Fprintf(&s.out, format, values...) }

// End ends the drawing, and is its text.
func (s *SVG) End() string {
	s.out.WriteString("</svg>\n")
	return s.out.String()
}

// Escaped is text as it stands in an element or an attribute.
func Escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	return out.String()
}
