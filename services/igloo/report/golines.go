package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// goBenchmarks makes a table of what `go test -bench` printed, in the format that Go
// documents: a name, a number of iterations, and pairs of a value and its unit. The
// median is taken of a line that comes several times.
func goBenchmarks(text string) (string, error) {
	all := benchmarks{values: map[string]map[string][]float64{}}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 2 && strings.HasPrefix(fields[0], "Benchmark") {
			if err := all.add(fields); err != nil {
				return "", err
			}
		}
	}
	rows := make([][]string, len(all.names))
	for i, name := range all.names {
		rows[i] = []string{name}
		for _, unit := range all.units {
			rows[i] = append(rows[i], number(median(all.values[name][unit])))
		}
	}
	return table(append([]string{"what"}, all.units...), rows), nil
}

// benchmarks are the lines of a text.
type benchmarks struct {
	names, units []string
	values       map[string]map[string][]float64 // by name and unit
}

func (b *benchmarks) add(fields []string) error {
	name := plainName(fields[0])
	if b.values[name] == nil {
		b.names, b.values[name] = append(b.names, name), map[string][]float64{}
	}
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return fmt.Errorf("benchmark %s: %w", name, err)
		}
		unit := fields[i+1]
		if value == 0 && unit == "ns/op" {
			continue // a benchmark that measures something else
		}
		if !slices.Contains(b.units, unit) {
			b.units = append(b.units, unit)
		}
		b.values[name][unit] = append(b.values[name][unit], value)
	}
	return nil
}

// plainName is a benchmark's without the number of cores behind it.
func plainName(name string) string {
	if dash := strings.LastIndexByte(name, '-'); dash > 0 {
		if _, err := strconv.Atoi(name[dash+1:]); err == nil {
			name = name[:dash]
		}
	}
	return strings.TrimPrefix(name, "Benchmark")
}
