package command

import "strings"

// markdown is a text for GitHub.
type markdown struct{ out strings.Builder }

// String is the text so far.
func (m *markdown) String() string { return m.out.String() }

func (m *markdown) lines(lines ...string) {
	for _, line := range lines {
		m.out.WriteString(line + "\n")
	}
}

func (m *markdown) title(name, help string) { m.lines("# The `"+name+"` command line", "", help) }
func (m *markdown) heading(text string)     { m.lines("", "## "+text) }
func (m *markdown) command(text string)     { m.lines("", "### `"+text+"`") }
func (m *markdown) paragraph(text string)   { m.lines("", text) }

func (m *markdown) examples(lines []string) {
	m.lines("", "```sh run")
	m.lines(lines...)
	m.lines("```")
}

func (m *markdown) terms(pairs [][2]string) {
	if len(pairs) == 0 {
		return
	}
	m.lines("", "| | |", "|---|---|")
	for _, pair := range pairs {
		m.lines("| `" + strings.ReplaceAll(pair[0], "|", `\|`) + "` | " + strings.ReplaceAll(pair[1], "|", `\|`) + " |")
	}
}

// roff is a page for man. Source: groff_man(7).
type roff struct{ out strings.Builder }

// String is the page so far.
func (r *roff) String() string { return r.out.String() }

// text writes lines that are no requests, whatever they begin with.
func (r *roff) text(text string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(text, `\`, `\e`), "\n") {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		r.out.WriteString(strings.ReplaceAll(line, "-", `\-`) + "\n")
	}
}

func (r *roff) request(name, text string) {
	r.out.WriteString("." + name + "\n")
	r.text(text)
}

func (r *roff) title(name, help string) {
	r.out.WriteString(".TH " + strings.ToUpper(name) + " 1\n.SH NAME\n")
	r.text(name + " - " + help)
	r.out.WriteString(".SH DESCRIPTION\n")
}

func (r *roff) heading(text string)   { r.request("SH", strings.ToUpper(text)) }
func (r *roff) command(text string)   { r.request("SS", text) }
func (r *roff) paragraph(text string) { r.request("PP", text) }

func (r *roff) examples(lines []string) {
	r.out.WriteString(".PP\n.nf\n.RS\n")
	r.text(strings.Join(lines, "\n"))
	r.out.WriteString(".RE\n.fi\n")
}

func (r *roff) terms(pairs [][2]string) {
	for _, pair := range pairs {
		r.request("TP", pair[0])
		r.text(pair[1])
	}
}
