package command

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

type showView struct {
	Session       `embed:""`
	warehouseFlag `embed:""`

	View tableName `arg:"" help:"View: its namespace, a dot, and its name, in which a dot is written '\\.'." predictor:"view"`
}

// Run implements the command.
func (c *showView) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, view, err := igloo.load(ctx, c.warehouseFlag, "views", c.View)
	if err != nil {
		return err
	}
	p, shown := c.printer(env), shownTable{ID: id.text(), loaded: view, MetadataBytes: len(view.Metadata)}
	if !p.forPeople() {
		text, err := json.Marshal(shown)
		return p.shown(text, err)
	}
	m, err := readMetadata(view.Metadata)
	if err != nil {
		return err
	}
	return p.view(shown, m)
}

// view shows a view to people.
func (p printer) view(of shownTable, m metadata) error {
	rows := [][]string{
		{"view", of.ID},
		{"uuid", m.ViewUUID},
		{"format version", strconv.Itoa(m.FormatVersion)},
		{"location", m.Location},
		{"metadata", of.MetadataLocation},
		{"versions", strconv.Itoa(len(m.Versions))},
		{"version", strconv.Itoa(m.CurrentVersion)},
	}
	sections := []section{{}}
	for _, v := range m.Versions {
		if v.ID != m.CurrentVersion {
			continue
		}
		rows = append(rows, []string{"version at", at(v.TimestampMS)})
		sections = append(sections, section{"columns", []string{"ID", "NAME", "TYPE", "REQUIRED", "DOC"}, columnRows(m.columns(v.SchemaID))})
		for _, r := range v.Representations {
			sections = append(sections, section{title: r.Dialect, rows: textRows(r.SQL)})
		}
	}
	sections[0].rows = rows
	return p.sections(append(sections, section{"properties", []string{"KEY", "VALUE"}, propertyRows(m.Properties)})...)
}

// textRows are the lines of a text.
func textRows(text string) [][]string {
	lines := strings.Split(text, "\n")
	rows := make([][]string, len(lines))
	for i, line := range lines {
		rows[i] = []string{strings.ReplaceAll(line, "\t", "    ")}
	}
	return rows
}
