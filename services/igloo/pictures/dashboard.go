package pictures

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Dashboard is one of Grafana's, as far as it is drawn.
type Dashboard struct {
	Title  string  `json:"title"`
	Panels []Panel `json:"panels"`
}

// Panel is a plot, or a row: the title above some.
type Panel struct {
	Type    string   `json:"type"`
	Title   string   `json:"title"`
	Place   Place    `json:"gridPos"`
	Targets []Target `json:"targets"`
	Fields  struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

// Place is where a panel stands, in a grid of 24 columns.
type Place struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"w"`
	Height int `json:"h"`
}

// Target is an expression that a panel asks for, and what its lines are called.
type Target struct {
	ID         string `json:"refId"`
	Expression string `json:"expr"`
	Legend     string `json:"legendFormat"`
}

// Line is what one series was over the time of a picture.
type Line struct {
	Name   string
	Points []Point
}

// Point is a value at a time; one that is no number is a gap.
type Point struct {
	At    time.Time
	Value float64
}

// Read reads a dashboard.
func Read(text []byte) (*Dashboard, error) {
	d := &Dashboard{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("read a dashboard: %w", err)
	}
	for _, p := range d.Panels {
		if p.Type != "row" && p.Type != "timeseries" {
			return nil, fmt.Errorf("panel %q is a %s, and only rows and timeseries are drawn", p.Title, p.Type)
		}
	}
	return d, nil
}

// Asked is the expression as Prometheus is asked, with the values of Grafana's
// variables: all jobs, and rates over an interval.
func (t Target) Asked(interval time.Duration) string {
	return strings.NewReplacer("$job", ".*", "$__rate_interval", fmt.Sprintf("%dms", interval.Milliseconds())).Replace(t.Expression)
}

// Called is the name of a series with these labels.
func (t Target) Called(labels map[string]string) string {
	name := t.Legend
	for label, value := range labels {
		name = strings.ReplaceAll(name, "{{"+label+"}}", value)
	}
	return strings.TrimSpace(name)
}
