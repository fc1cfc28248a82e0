package report

import (
	"fmt"
	"strconv"
	"strings"
)

// table is a Markdown table; columns from the second on are numbers.
func table(head []string, rows [][]string) string {
	var out strings.Builder
	line := func(cells []string) { out.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	line(head)
	line(rule)
	for _, row := range rows {
		line(row)
	}
	return out.String()
}

// operations are all series, a table for each operation.
func (r *Run) operations() string {
	var out strings.Builder
	head := []string{"catalog", "connections", "/s", "p50 ms", "p99 ms", "CPU µs", "services", "Postgres", "S3", "KB", "tries", "errors"}
	for _, operation := range r.names() {
		var rows [][]string
		for _, s := range r.Series {
			if s.Operation == operation {
				rows = append(rows, s.row())
			}
		}
		fmt.Fprintf(&out, "\n**%s**\n\n%s", operation, table(head, rows))
	}
	return strings.TrimPrefix(out.String(), "\n")
}

// names are the operations in the order in which they were done.
func (r *Run) names() []string {
	var all []string
	known := map[string]bool{}
	for _, s := range r.Series {
		if !known[s.Operation] {
			known[s.Operation] = true
			all = append(all, s.Operation)
		}
	}
	return all
}

func (s *Series) row() []string {
	p50, p99 := "", ""
	if s.Open != nil {
		p50, p99 = number(s.Open.P50), number(s.Open.P99)
	}
	const kilo = 1000
	return []string{
		s.Contestant, strconv.Itoa(s.Connections), number(median(s.Rate)), p50, p99,
		number(median(s.WholeCPU())), number(median(s.Services)), number(median(s.Postgres)), number(median(s.Store)),
		number(median(s.Bytes) / kilo), number(median(s.Tries)), strconv.FormatInt(s.Errors, 10),
	}
}

// number is a value to three figures, larger ones whole; nothing for 0.
func number(value float64) string {
	const whole, tenths = 100, 10
	switch {
	case value == 0:
		return ""
	case value >= whole:
		return fmt.Sprintf("%.0f", value)
	case value >= tenths:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.2f", value)
	}
}

func (r *Run) memoryTable() string {
	rows := make([][]string, len(r.Memory))
	for i, m := range r.Memory {
		rows[i] = []string{m.Contestant, number(m.BusyMB), number(m.MB)}
	}
	return table([]string{"catalog", "MB resident", "after half a minute"}, rows)
}

func (r *Run) startTable() string {
	rows := make([][]string, len(r.Starts))
	for i, s := range r.Starts {
		rows[i] = []string{s.Folder, number(s.CPU), number(s.First200), number(s.MB)}
	}
	return table([]string{"data folder", "CPU ms", "ms to the first 200", "MB resident"}, rows)
}

func (r *Run) leftOutTable() string {
	if len(r.LeftOut) == 0 {
		return "Everybody did everything.\n"
	}
	rows := make([][]string, len(r.LeftOut))
	for i, l := range r.LeftOut {
		rows[i] = []string{l.Operation, l.Contestant, strings.ReplaceAll(l.Why, "|", `\|`)}
	}
	return table([]string{"operation", "catalog", "why not"}, rows)
}
