package command

import (
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// gap is what lies between columns.
	gap = "  "
	// heldRows are how many rows are looked at to say how wide columns are. What
	// follows them is shown as wide, or wider.
	heldRows = 256
	// leastWidth is what a column keeps, however narrow the screen.
	leastWidth = 8
	// more stands at the end of what was cut.
	more = "…"
)

// columns writes rows one below the other, in columns. It holds few of them.
type columns struct {
	to io.Writer
	// width of the screen, in characters; 0 where nothing is cut.
	width  int
	held   []styledRow
	widths []int
}

// styledRow is a row, and how its cells look.
type styledRow struct {
	style func(string) string
	cells []string
}

func plain(text string) string { return text }

func (c *columns) add(style func(string) string, cells []string) error {
	row := styledRow{style: style, cells: make([]string, len(cells))}
	for i, cell := range cells {
		row.cells[i] = printable(cell)
	}
	if c.held = append(c.held, row); len(c.held) < heldRows {
		return nil
	}
	return c.flush()
}

// flush writes what is held.
func (c *columns) flush() error {
	for _, row := range c.held {
		for i, cell := range row.cells {
			if i == len(c.widths) {
				c.widths = append(c.widths, 0)
			}
			c.widths[i] = max(c.widths[i], utf8.RuneCountInString(cell))
		}
	}
	widths := fitted(c.widths, c.width)
	var out strings.Builder
	for _, row := range c.held {
		row.write(&out, widths, c.width > 0)
	}
	c.held = c.held[:0]
	_, err := io.WriteString(c.to, out.String())
	return err
}

// fitted takes from the widest columns until all fit on the screen.
func fitted(widths []int, screen int) []int {
	fit := append([]int{}, widths...)
	for total := -len(gap); screen > 0; total = -len(gap) {
		widest := 0
		for i, width := range fit {
			total += width + len(gap)
			if width > fit[widest] {
				widest = i
			}
		}
		if total <= screen || fit[widest] <= leastWidth {
			break
		}
		fit[widest]--
	}
	return fit
}

// flushRows writes what is held, if that is more than the head of a table.
func (c *columns) flushRows() error {
	if c.widths == nil && len(c.held) < 2 {
		return nil
	}
	return c.flush()
}

func (r styledRow) write(out *strings.Builder, widths []int, cutting bool) {
	last := len(r.cells) - 1
	for last > 0 && r.cells[last] == "" {
		last--
	}
	for i, cell := range r.cells[:last+1] {
		if cutting {
			cell = cut(cell, widths[i])
		}
		out.WriteString(r.style(cell))
		if i < last {
			out.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + gap)
		}
	}
	out.WriteByte('\n')
}

// cut is as much of a text as there is room for.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + more
}
