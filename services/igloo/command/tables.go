package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Tables are the commands about tables.
type Tables struct {
	List      listTables     `cmd:"" help:"List the tables of a namespace, or of a whole warehouse."`
	Show      showTable      `cmd:"" help:"Show a table: its schema, partitioning, order, properties, branches and tags."`
	Snapshots listSnapshots  `cmd:"" help:"List the snapshots of a table that its metadata knows, the newest first."`
	History   tableHistory   `cmd:"" help:"List the versions of a table, the newest first: who changed it when, and where its metadata was then."`
	AsOf      tableAsOf      `cmd:"" name:"as-of" help:"Tell which version of a table was the current one: at a time, by its number, or when a snapshot was."`
	Diff      diffTable      `cmd:"" help:"Tell what differs between two versions of a table: columns, partitioning, order, properties, snapshots, branches and tags. Earlier metadata is read from here: in a folder of this machine, or in S3 with the key that the catalog gives out."`
	Rename    renameTable    `cmd:"" help:"Give a table another name, or move it to another namespace."`
	Register  registerTable  `cmd:"" help:"Register a table whose metadata file is there already."`
	Rollback  rollbackTable  `cmd:"" help:"Make an earlier snapshot of a table the current one again."`
	Drop      dropTable      `cmd:"" help:"Drop a table; its files stay, unless they are to be purged."`
	Dropped   listDropped    `cmd:"" help:"List the tables that were dropped so that they can be restored."`
	Restore   restoreDropped `cmd:"" help:"Bring a table back that was dropped so that it can be restored."`
}

// Views are the commands about views.
type Views struct {
	List listViews `cmd:"" help:"List the views of a namespace, or of a whole warehouse."`
	Show showView  `cmd:"" help:"Show a view: its schema, and its text for each engine."`
}

// listing is what lists of tables and of views have in common.
type listing struct {
	Session       `embed:""`
	warehouseFlag `embed:""`

	Namespace namespaceName `arg:"" optional:"" help:"List those in this namespace; without one, of the whole warehouse." predictor:"namespace"`
	Recursive bool          `short:"r" help:"List those in the namespaces within it as well."`
	Pattern   string        `help:"List those alone whose name is like this: * is any text, ? any character, [a-z] one of some." placeholder:"GLOB"`
}

type listTables struct {
	listing `embed:""`

	Kind []string `default:"table" enum:"table,view,function" help:"List these kinds, several joined by commas: table, view or function."`
}

// Run implements the command.
func (c *listTables) Run(ctx context.Context, env *settings.Env) error {
	return c.list(ctx, env, c.Kind)
}

type listViews struct {
	listing `embed:""`
}

// Run implements the command.
func (c *listViews) Run(ctx context.Context, env *settings.Env) error {
	return c.list(ctx, env, []string{"view"})
}

// listed is one of a list, as programs are shown it.
type listed struct {
	ID string `json:"id"`
	identifier
	Kind string `json:"kind"`
}

func (l *listing) list(ctx context.Context, env *settings.Env, kinds []string) error {
	igloo, err := l.client()
	if err != nil {
		return err
	}
	if _, err := path.Match(l.Pattern, ""); err != nil {
		return usage("pattern: %q is no pattern: %w", l.Pattern, err)
	}
	if l.Namespace != "" {
		if _, err := l.Namespace.levels(); err != nil {
			return err
		}
	}
	return l.printer(env).many(l.all(ctx, igloo, kinds), []string{"NAME", "KIND"}, func(answer json.RawMessage) ([]string, error) {
		var of listed
		err := json.Unmarshal(answer, &of)
		return []string{of.ID, of.Kind}, err
	})
}

// all lists namespace by namespace, and kind by kind in each.
func (l *listing) all(ctx context.Context, igloo *client, kinds []string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for namespace, err := range l.namespaces(ctx, igloo) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, kind := range kinds {
				if !l.in(ctx, igloo, namespace, kind, yield) {
					return
				}
			}
		}
	}
}

// namespaces are those that are listed.
func (l *listing) namespaces(ctx context.Context, igloo *client) iter.Seq2[namespaceName, error] {
	return func(yield func(namespaceName, error) bool) {
		if l.Namespace != "" && (!yield(l.Namespace, nil) || !l.Recursive) {
			return
		}
		for answer, err := range igloo.namespaces(ctx, l.warehouseFlag, l.Namespace, true) {
			n := &htsv1.Namespace{}
			if err == nil {
				err = decode("namespace", answer, n)
			}
			if !yield(namespaceName(n.GetDatabaseId()), err) {
				return
			}
		}
	}
}

// in lists one kind of one namespace, and reports whether more is wanted.
func (l *listing) in(ctx context.Context, igloo *client, namespace namespaceName, kind string, yield func(json.RawMessage, error) bool) bool {
	levels, err := namespace.levels()
	if err != nil {
		return yield(nil, err)
	}
	of := call{catalog: true, path: l.prefix("namespaces", strings.Join(levels, levelSeparator), kind+"s"), query: map[string][]string{"pageToken": {""}}}
	for answer, err := range igloo.each(ctx, "identifiers", of) {
		item, wanted, err := l.item(answer, err, kind)
		if !wanted && err == nil {
			continue
		}
		if !yield(item, err) || err != nil {
			return false
		}
	}
	return true
}

// item is one of the list, if it is like the pattern.
func (l *listing) item(answer json.RawMessage, err error, kind string) (item json.RawMessage, wanted bool, _ error) {
	if err != nil {
		return nil, false, err
	}
	of := listed{Kind: kind}
	if err := json.Unmarshal(answer, &of.identifier); err != nil {
		return nil, false, fmt.Errorf("the answer has no identifier: %w", err)
	}
	if like, err := path.Match(l.Pattern, of.Name); l.Pattern != "" && (err != nil || !like) {
		return nil, false, err
	}
	of.ID = of.text()
	item, err = json.Marshal(of)
	return item, true, err
}

// loaded is a table or a view as Iceberg's protocol answers it.
type loaded struct {
	MetadataLocation string          `json:"metadata-location"`
	Metadata         json.RawMessage `json:"metadata"`
}

// load reads a table or a view; kinds are "tables" or "views".
func (c *client) load(ctx context.Context, in warehouseFlag, kinds string, of tableName) (identifier, loaded, error) {
	id, err := of.identifier()
	if err != nil {
		return id, loaded{}, err
	}
	answer, err := c.ask(ctx, call{method: "GET", catalog: true, path: in.prefix(id.path(kinds)...)})
	if err != nil {
		return id, loaded{}, err
	}
	result, err := readLoaded(answer)
	return id, result, err
}

func readLoaded(answer json.RawMessage) (loaded, error) {
	var l loaded
	if err := json.Unmarshal(answer, &l); err != nil {
		return l, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if l.MetadataLocation == "" || len(l.Metadata) == 0 {
		return l, errors.New("the answer has no metadata, or does not say where it is")
	}
	return l, nil
}
