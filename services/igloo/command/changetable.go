package command

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

type renameTable struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`

	To tableName `arg:"" help:"New namespace and name."`
}

// Run implements the command.
func (c *renameTable) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	from, err := c.Table.identifier()
	if err != nil {
		return err
	}
	to, err := c.To.identifier()
	if err != nil {
		return err
	}
	request := map[string]identifier{"source": from, "destination": to}
	if _, err := igloo.ask(ctx, call{method: http.MethodPost, catalog: true, path: c.prefix("tables", "rename"), request: request}); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"id": to.text(), "from": from.text(), "renamed": true}, "table %s is called %s", from.text(), to.text())
}

type registerTable struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`
	confirmation  `embed:""`

	Location  string `arg:"" help:"Location of the metadata file." placeholder:"s3://…"`
	Overwrite bool   `help:"Let it take the place of a table of this name."`
}

// Run implements the command.
func (c *registerTable) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, err := c.Table.identifier()
	if err != nil {
		return err
	}
	if c.Overwrite {
		if err := c.confirmed("replace table "+id.text(), env); err != nil {
			return err
		}
	}
	request := map[string]any{"name": id.Name, "metadata-location": c.Location, "overwrite": c.Overwrite}
	path := c.prefix("namespaces", strings.Join(id.Namespace, levelSeparator), "register")
	if _, err := igloo.ask(ctx, call{method: http.MethodPost, catalog: true, path: path, request: request}); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"id": id.text(), "metadata-location": c.Location, "registered": true}, "table %s is registered", id.text())
}

type rollbackTable struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`
	confirmation  `embed:""`

	Snapshot int64 `required:"" help:"Snapshot that is to be the current one; snapshots lists them." placeholder:"ID"`
}

// Run implements the command. It is a commit like an engine's: what was written
// since stays in the table's metadata until its snapshots expire, and whoever
// commits meanwhile is not undone.
func (c *rollbackTable) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, table, err := igloo.load(ctx, c.warehouseFlag, "tables", c.Table)
	if err != nil {
		return err
	}
	m, err := readMetadata(table.Metadata)
	if err != nil {
		return err
	}
	if _, found := m.snapshot(c.Snapshot); !found {
		return usage("snapshot: table %s has no snapshot %d; igloo tables snapshots lists them", id.text(), c.Snapshot)
	}
	if err := c.confirmed("make snapshot "+strconv.FormatInt(c.Snapshot, 10)+" the current one of table "+id.text(), env); err != nil {
		return err
	}
	of := call{method: http.MethodPost, catalog: true, path: c.prefix(id.path("tables")...), request: c.request(id, m)}
	if _, err := igloo.ask(ctx, of); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"id": id.text(), "snapshot-id": c.Snapshot, "rolled-back": true},
		"snapshot %d is the current one of table %s", c.Snapshot, id.text())
}

// request expects the table to be as it was read.
func (c *rollbackTable) request(id identifier, m metadata) any {
	return map[string]any{
		"identifier": id,
		"requirements": []any{
			map[string]any{"type": "assert-table-uuid", "uuid": m.TableUUID},
			map[string]any{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": m.Current},
		},
		"updates": []any{map[string]any{"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": c.Snapshot}},
	}
}

type dropTable struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`
	confirmation  `embed:""`

	Purge bool `xor:"how" help:"Delete its files as well."`
	Keep  bool `xor:"how" help:"Drop it so that restore can bring it back, for as long as the server keeps it. For names of letters, digits and _ alone."`
}

// Run implements the command. It tells where the last metadata is: from there the
// table can be registered again while its files are there.
func (c *dropTable) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, err := c.Table.identifier()
	if err != nil {
		return err
	}
	last, err := igloo.version(ctx, c.warehouseFlag, id, "asOf", distantFuture)
	if err != nil {
		return err
	}
	if err := c.confirmed(c.question(id), env); err != nil {
		return err
	}
	if _, err := igloo.ask(ctx, c.call(id)); err != nil {
		return err
	}
	location := last.GetMetadataLocation()
	done := map[string]any{"id": id.text(), "dropped": true, "purged": c.Purge, "metadata-location": location}
	switch {
	case c.Purge:
		return c.printer(env).done(done, "table %s is dropped, and its files will be deleted", id.text())
	case c.Keep:
		return c.printer(env).done(done, "table %s is dropped; igloo tables restore brings it back", id.text())
	}
	return c.printer(env).done(done, "table %s is dropped; its last metadata is %s, from where igloo tables register brings it back", id.text(), location)
}

// distantFuture is when the last version is the current one.
const distantFuture = "9999-12-31T00:00:00Z"

func (c *dropTable) question(id identifier) string {
	if c.Purge {
		return "drop table " + id.text() + " and delete its files"
	}
	return "drop table " + id.text()
}

func (c *dropTable) call(id identifier) call {
	if c.Keep {
		query := c.query("databaseId", id.Namespace.DatabaseID(), "tableId", id.Name, "isSoftDelete", "true")
		return call{method: http.MethodDelete, versioned: true, path: []string{"hts", "tables"}, query: query}
	}
	query := url.Values{"purgeRequested": {strconv.FormatBool(c.Purge)}}
	return call{method: http.MethodDelete, catalog: true, path: c.prefix(id.path("tables")...), query: query}
}

type listDropped struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	namespaceArg  `embed:""`
}

// droppedTable is a generation of a table that was dropped so that it can be
// restored; the service calls it a soft-deleted user table.
type droppedTable struct {
	Database         string `json:"databaseId"`
	Table            string `json:"tableId"`
	DeletedAtMS      int64  `json:"deletedAtMs"`
	PurgeAfterMS     int64  `json:"purgeAfterMs"`
	MetadataLocation string `json:"metadataLocation"`
}

// Run implements the command.
func (c *listDropped) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	all := igloo.each(ctx, "content", dropped(c.query("databaseId", string(c.Name))))
	return c.printer(env).many(all, []string{"TABLE", "DROPPED", "KEPT UNTIL", "DELETED AT", "METADATA"}, droppedRow)
}

func dropped(query url.Values) call {
	return call{path: []string{"tables", "querySoftDeleted"}, within: "pageResults", query: query}
}

func droppedRow(answer json.RawMessage) ([]string, error) {
	var of droppedTable
	err := json.Unmarshal(answer, &of)
	return []string{
		of.Database + "." + of.Table, at(of.DeletedAtMS), at(of.PurgeAfterMS), strconv.FormatInt(of.DeletedAtMS, 10), of.MetadataLocation,
	}, err
}

type restoreDropped struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`

	DeletedAt int64 `help:"Bring back the one that was dropped at this time, which dropped tells; without it the one that was dropped last." placeholder:"MILLISECONDS"`
}

// Run implements the command.
func (c *restoreDropped) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, err := c.Table.identifier()
	if err != nil {
		return err
	}
	if c.DeletedAt == 0 {
		if err := c.last(ctx, igloo, id); err != nil {
			return err
		}
	}
	query := c.query("databaseId", id.Namespace.DatabaseID(), "tableId", id.Name, "deletedAtMs", strconv.FormatInt(c.DeletedAt, 10))
	if _, err := igloo.ask(ctx, call{method: http.MethodPut, path: []string{"tables", "restore"}, query: query}); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"id": id.text(), "restored": true}, "table %s is back", id.text())
}

// last finds when a table of the name was dropped last.
func (c *restoreDropped) last(ctx context.Context, igloo *client, id identifier) error {
	query := c.query("databaseId", id.Namespace.DatabaseID(), "tableId", id.Name)
	for answer, err := range igloo.each(ctx, "content", dropped(query)) {
		var of droppedTable
		if err == nil {
			err = json.Unmarshal(answer, &of)
		}
		if err != nil {
			return err
		}
		c.DeletedAt = max(c.DeletedAt, of.DeletedAtMS)
	}
	if c.DeletedAt == 0 {
		return &refused{status: http.StatusNotFound, message: "no table " + id.text() + " was dropped so that it can be restored; one that was dropped otherwise can be registered again from its last metadata, while its files are there"}
	}
	return nil
}
