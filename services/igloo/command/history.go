package command

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

type tableHistory struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`
}

// Run implements the command.
func (c *tableHistory) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	id, err := c.Table.identifier()
	if err != nil {
		return err
	}
	all := igloo.each(ctx, "versions", call{path: []string{"history"}, query: c.query(id.key()...)})
	return c.printer(env).many(all, []string{"VERSION", "AT", "ACTION", "BY", "METADATA"}, versionRow)
}

func versionRow(answer json.RawMessage) ([]string, error) {
	v := &htsv1.TableVersion{}
	if err := decode("version of a table", answer, v); err != nil {
		return nil, err
	}
	return []string{
		strconv.FormatInt(v.GetVersion(), 10), at(v.GetCommittedAt().AsTime().UnixMilli()), v.GetAction(),
		cmp.Or(v.GetPrincipal(), "-"), v.GetMetadataLocation(),
	}, nil
}

type listSnapshots struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`
}

// Run implements the command.
func (c *listSnapshots) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	_, table, err := igloo.load(ctx, c.warehouseFlag, "tables", c.Table)
	if err != nil {
		return err
	}
	var of struct {
		Snapshots []json.RawMessage `json:"snapshots"`
	}
	if err := json.Unmarshal(table.Metadata, &of); err != nil {
		return err
	}
	slices.Reverse(of.Snapshots)
	return c.printer(env).many(held(of.Snapshots), []string{"SNAPSHOT", "AT", "OPERATION", "RECORDS", "FILES", "PARENT"}, snapshotRow)
}

// held is a list that is there already.
func held(list []json.RawMessage) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func snapshotRow(answer json.RawMessage) ([]string, error) {
	var s snapshot
	if err := json.Unmarshal(answer, &s); err != nil {
		return nil, err
	}
	count := func(what string) string {
		return "+" + cmp.Or(s.Summary["added-"+what], "0") + " -" + cmp.Or(s.Summary["deleted-"+what], "0")
	}
	return []string{
		strconv.FormatInt(s.ID, 10), at(s.TimestampMS), cmp.Or(s.Summary["operation"], "-"),
		count("records"), count("data-files"), snapshotText(s.Parent),
	}, nil
}

type tableAsOf struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`

	At       time.Time `xor:"when" required:"" help:"At this time: 2026-01-31T12:00:00Z." placeholder:"TIME"`
	Version  int64     `xor:"when" required:"" help:"When it had this version." placeholder:"N"`
	Snapshot int64     `xor:"when" required:"" help:"When this snapshot became the current one." placeholder:"ID"`
}

// Run implements the command.
func (c *tableAsOf) Run(ctx context.Context, env *settings.Env) error {
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
	version, err := c.version(ctx, igloo, id, m, table.MetadataLocation)
	if err != nil {
		return err
	}
	return c.tell(c.printer(env), version, m)
}

// version finds the version that is asked for.
func (c *tableAsOf) version(ctx context.Context, igloo *client, id identifier, m metadata, current string) (*htsv1.TableVersion, error) {
	switch {
	case c.Version != 0:
		return igloo.version(ctx, c.warehouseFlag, id, "version", strconv.FormatInt(c.Version, 10))
	case c.Snapshot == 0:
		return igloo.version(ctx, c.warehouseFlag, id, "asOf", c.At.UTC().Format(time.RFC3339Nano))
	}
	file, err := m.fileOf(c.Snapshot, current)
	if err != nil {
		return nil, err
	}
	for answer, err := range igloo.each(ctx, "versions", call{path: []string{"history"}, query: c.query(id.key()...)}) {
		v := &htsv1.TableVersion{}
		if err == nil {
			err = decode("version of a table", answer, v)
		}
		if err != nil || v.GetMetadataLocation() == file {
			return v, err
		}
	}
	return nil, &refused{status: http.StatusNotFound, message: "the table's history does not tell of " + printable(file) + " any more"}
}

// fileOf is the metadata file that made a snapshot the current one: the first that
// was written when it was, or later. Of the first that is logged nobody knows what
// was before it. Source: Iceberg's table metadata, "snapshot-log" and "metadata-log".
func (m metadata) fileOf(snapshot int64, current string) (string, error) {
	at := slices.IndexFunc(m.SnapshotLog, func(l loggedSnapshot) bool { return l.ID == snapshot })
	if at < 0 {
		return "", usage("snapshot: %d was never the table's current one, as far as its metadata tells", snapshot)
	}
	when := m.SnapshotLog[at].TimestampMS
	for i, l := range append(slices.Clip(m.MetadataLog), loggedMetadata{File: current, TimestampMS: m.UpdatedMS}) {
		if l.TimestampMS == when || (i > 0 && l.TimestampMS > when) {
			return l.File, nil
		}
		if l.TimestampMS > when {
			break
		}
	}
	return "", usage("snapshot: the table's metadata does not tell any more which file made %d the current one; --at %s is when that was", snapshot, time.UnixMilli(when).UTC().Format(time.RFC3339Nano))
}

// shownVersion is a version as programs are shown it.
type shownVersion struct {
	Version     int64  `json:"version"`
	Action      string `json:"action"`
	CommittedAt string `json:"committed-at"`
	Principal   string `json:"principal"`
	// Snapshot was the current one; null for none.
	Snapshot         *int64 `json:"snapshot-id"`
	MetadataLocation string `json:"metadata-location"`
}

// tell shows the version, and the snapshot that was the current one when it was.
func (c *tableAsOf) tell(p printer, v *htsv1.TableVersion, m metadata) error {
	text, err := json.Marshal(shownVersion{
		Version: v.GetVersion(), Action: v.GetAction(), CommittedAt: at(v.GetCommittedAt().AsTime().UnixMilli()), Principal: v.GetPrincipal(),
		Snapshot: m.snapshotAt(v.GetMetadataLocation(), v.GetCommittedAt().AsTime()), MetadataLocation: v.GetMetadataLocation(),
	})
	if err != nil {
		return err
	}
	return p.one(text)
}

// snapshotAt is the snapshot that was the current one in a metadata file, as far as
// the logs tell, else at the time when the file became the current one; nil for none.
func (m metadata) snapshotAt(file string, committed time.Time) *int64 {
	until := committed.UnixMilli()
	for _, l := range m.MetadataLog {
		if l.File == file {
			until = l.TimestampMS
		}
	}
	var found *int64
	for _, l := range m.SnapshotLog {
		if l.TimestampMS <= until {
			found = &l.ID
		}
	}
	return found
}
