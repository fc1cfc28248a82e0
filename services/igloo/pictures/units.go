package pictures

import (
	"fmt"
	"math"
	"strconv"
)

// scales are what a unit of Grafana's is told in: from how much on, and as what.
var scales = map[string][]scale{
	"reqps":       {{1e3, "K req/s"}, {1, " req/s"}},
	"ops":         {{1e3, "K ops/s"}, {1, " ops/s"}},
	"s":           {{3600, " h"}, {60, " min"}, {1, " s"}, {1e-3, " ms"}, {1e-6, " µs"}},
	"bytes":       {{1 << 30, " GiB"}, {1 << 20, " MiB"}, {1 << 10, " KiB"}, {1, " B"}},
	"percentunit": {{0.01, "%"}},
	"short":       {{1e3, " K"}, {1, ""}},
}

type scale struct {
	from float64
	unit string
}

// of is the scale in which the most of an axis is told.
func scaleOf(unit string, most float64) (scale, error) {
	all, known := scales[unit]
	if !known {
		return scale{}, fmt.Errorf("unit %q is not known", unit)
	}
	for _, s := range all {
		if most >= s.from {
			return s, nil
		}
	}
	return all[len(all)-1], nil
}

func (s scale) text(value float64) string {
	const part = 1000 // what is less is noise of floats
	return strconv.FormatFloat(math.Round(value/s.from*part)/part, 'f', -1, 64) + s.unit
}

// step is the least of 1, 2 and 5 times a power of ten of which so many reach a value,
// on a scale.
func (s scale) step(most float64, steps int) float64 {
	least := most / s.from / float64(steps)
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, times := range []float64{1, 2, 5} {
		if times*power >= least {
			return times * power * s.from
		}
	}
	return 10 * power * s.from //nolint:mnd // the next power
}
