package report

import (
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// drawn are the contestants of plots, in the order of their colours.
var drawn = []string{OnS3, Embedded, Fixture, Nessie}

// plots are drawings, in the order in which they are shown.
func (r *Run) plots() []chart {
	return []chart{
		r.bars("rates", "Operations a second, 16 connections (more is better)", rate),
		r.bars("cpu", "CPU of all servers an operation in µs, 16 connections (less is better)", wholeCPU),
		r.latencies("latency-loads", "Latency of loadTable in ms at half the rate, 16 connections (less is better)", load.TableLoad(1)),
		r.latencies("latency-commits", "Latency of commits in ms at half the rate, 16 connections (less is better)", load.DistinctCommits),
	}
}

// bars draws a group of bars for each operation, one for each contestant.
func (r *Run) bars(name, title string, m measure) chart {
	c := chart{name: name, title: title, legend: drawn}
	for _, operation := range r.names() {
		g := group{name: operation, values: make([]float64, len(drawn))}
		some := false
		for i, contestant := range drawn {
			if s := r.find(operation, contestant, Sixteen); s != nil {
				g.values[i], some = median(m.of(s)), true
			}
		}
		if some {
			c.groups = append(c.groups, g)
		}
	}
	return c
}

// latencies draws a group of bars for each percentile.
func (r *Run) latencies(name, title, operation string) chart {
	c := chart{name: name, title: title, legend: drawn}
	for _, percentile := range []struct {
		name string
		of   func(*Open) float64
	}{
		{"p50", func(o *Open) float64 { return o.P50 }},
		{"p90", func(o *Open) float64 { return o.P90 }},
		{"p99", func(o *Open) float64 { return o.P99 }},
		{"p99.9", func(o *Open) float64 { return o.P999 }},
		{"longest", func(o *Open) float64 { return o.Max }},
	} {
		g := group{name: percentile.name, values: make([]float64, len(drawn))}
		for i, contestant := range drawn {
			if s := r.find(operation, contestant, Sixteen); s != nil && s.Open != nil {
				g.values[i] = percentile.of(s.Open)
			}
		}
		c.groups = append(c.groups, g)
	}
	return c
}
