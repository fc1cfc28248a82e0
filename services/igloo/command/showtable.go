package command

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

type showTable struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`
}

// shownTable is a table as programs are shown it.
type shownTable struct {
	ID string `json:"id"`
	// Owner created it; empty where that is not known any more, or nobody said so.
	Owner string `json:"owner,omitempty"`
	loaded
	// MetadataBytes is how large the metadata is, not compressed.
	MetadataBytes int `json:"metadata-bytes"`
}

// Run implements the command.
func (c *showTable) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, table, err := igloo.load(ctx, c.warehouseFlag, "tables", c.Table)
	if err != nil {
		return err
	}
	owner, err := igloo.creator(ctx, c.warehouseFlag, id)
	if err != nil {
		return err
	}
	p, shown := c.printer(env), shownTable{ID: id.text(), Owner: owner, loaded: table, MetadataBytes: len(table.Metadata)}
	if !p.forPeople() {
		text, err := json.Marshal(shown)
		return p.shown(text, err)
	}
	m, err := readMetadata(table.Metadata)
	if err != nil {
		return err
	}
	return p.table(shown, m)
}

// creator is who made a table; empty where history does not tell it any more.
func (c *client) creator(ctx context.Context, in warehouseFlag, of identifier) (string, error) {
	first, err := c.version(ctx, in, of, "version", "1")
	if refusedAs(err, http.StatusNotFound, http.StatusBadRequest, http.StatusForbidden) {
		return "", nil
	}
	if first.GetPrincipal() == authn.Anonymous {
		return "", err
	}
	return first.GetPrincipal(), err
}

// version is one version of a house table; by says how it is asked for.
func (c *client) version(ctx context.Context, in warehouseFlag, of identifier, by, value string) (*htsv1.TableVersion, error) {
	query := in.query(append(of.key(), by, value)...)
	answer, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"history", "version"}, query: query})
	if err != nil {
		return nil, err
	}
	found := &htsv1.GetTableVersionResponse{}
	err = decode("version of a table", answer, found)
	return found.GetTableVersion(), err
}

func (p printer) shown(answer json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	return p.raw(answer)
}

// table shows a table to people.
func (p printer) table(of shownTable, m metadata) error {
	head := slices.Concat([][]string{
		{"table", of.ID},
		{"uuid", m.TableUUID},
		{"format version", strconv.Itoa(m.FormatVersion)},
		{"location", m.Location},
		{"metadata", of.MetadataLocation},
		{"metadata size", fmt.Sprintf("%d bytes", of.MetadataBytes)},
		{"updated", at(m.UpdatedMS)},
		{"owner", cmp.Or(of.Owner, "-")},
		{"partitioned by", cmp.Or(m.partitioning(), "-")},
		{"sorted by", cmp.Or(m.order(), "-")},
	}, m.current())
	return p.sections(
		section{rows: head},
		section{"columns", []string{"ID", "NAME", "TYPE", "REQUIRED", "DOC"}, columnRows(m.columns(m.SchemaID))},
		section{"branches and tags", []string{"NAME", "TYPE", "SNAPSHOT"}, refRows(m.Refs)},
		section{"properties", []string{"KEY", "VALUE"}, propertyRows(m.Properties)},
	)
}

// current tells of the current snapshot.
func (m metadata) current() [][]string {
	rows := [][]string{{"snapshots", strconv.Itoa(len(m.Snapshots))}, {"snapshot", snapshotText(m.Current)}}
	if m.Current == nil {
		return rows
	}
	s, found := m.snapshot(*m.Current)
	if !found {
		return rows
	}
	rows = append(rows, []string{"snapshot at", at(s.TimestampMS)})
	for _, row := range propertyRows(s.Summary) {
		rows = append(rows, []string{"  " + row[0], row[1]})
	}
	return rows
}

// section is a part of what is shown, with a title and a head where it has them.
type section struct {
	title string
	head  []string
	rows  [][]string
}

// sections leave out those that have nothing.
func (p printer) sections(all ...section) error {
	for i, s := range all {
		if len(s.rows) == 0 {
			continue
		}
		if i > 0 {
			if err := p.lines([]string{"", s.title}); err != nil {
				return err
			}
		}
		if err := p.rows(s.head, s.rows); err != nil {
			return err
		}
	}
	return nil
}

func columnRows(columns []column) [][]string {
	rows := make([][]string, len(columns))
	for i, c := range columns {
		rows[i] = []string{strconv.Itoa(c.ID), c.Name, typeText(c.Type), strconv.FormatBool(c.Required), c.Doc}
	}
	return rows
}

func refRows(refs map[string]snapshotRef) [][]string {
	rows := make([][]string, 0, len(refs))
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		rows = append(rows, []string{name, refs[name].Type, strconv.FormatInt(refs[name].ID, 10)})
	}
	return rows
}

func propertyRows(properties map[string]string) [][]string {
	rows := make([][]string, 0, len(properties))
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		rows = append(rows, []string{key, properties[key]})
	}
	return rows
}
