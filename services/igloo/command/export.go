package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/buildinfo"
	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

// exportPage is how many entries are asked for at once.
const exportPage = "1000"

// Export is the command that writes all that Igloo knows to a file.
type Export struct {
	Session    `embed:""`
	File       string   `arg:"" help:"File to write, of JSON Lines; it must not be there yet."`
	Warehouses []string `name:"warehouse" short:"w" help:"Export this warehouse alone; may be given several times." placeholder:"NAME"`
}

// Run implements the command.
func (c *Export) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.File); err == nil {
		return usage("%s is there already", c.File)
	}
	told := newProgress(env, "lines exported", 0)
	defer told.end()
	trailer, err := wholeFile(c.File, func(to io.Writer) (backup.Trailer, error) {
		return igloo.export(ctx, to, c.Warehouses, told)
	})
	if err != nil {
		return err
	}
	told.end()
	state := "nothing changed meanwhile"
	if !trailer.Unchanged {
		state = "something changed meanwhile: see docs/backup.md"
	}
	return c.printer(env).done(map[string]any{"file": c.File, "trailer": trailer},
		"%s has %d tables, views and functions, and %d lines in all; %s", c.File, trailer.Counts[backup.TypeTable], trailer.Lines, state)
}

// wholeFile writes a file that is there when it is whole, and not before.
func wholeFile(path string, write func(io.Writer) (backup.Trailer, error)) (backup.Trailer, error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // readable by its owner alone
	if err != nil {
		return backup.Trailer{}, err
	}
	trailer, err := write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Link(file.Name(), path) // which replaces nothing
	}
	return trailer, errors.Join(err, os.Remove(file.Name()))
}

// export is one export under way.
type export struct {
	*client
	to   *backup.Writer
	told *progress
}

func (c *client) export(ctx context.Context, to io.Writer, only []string, told *progress) (backup.Trailer, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return backup.Trailer{}, fmt.Errorf("make an id: %w", err)
	}
	w, err := backup.NewWriter(to, backup.Header{Format: backup.Format, ID: id, ExportedAt: time.Now().UTC(), Program: "igloo " + buildinfo.Version()})
	if err != nil {
		return backup.Trailer{}, err
	}
	e := &export{client: c, to: w, told: told}
	if err := e.server(ctx); err != nil {
		return backup.Trailer{}, err
	}
	if err := e.warehouses(ctx, only); err != nil {
		return backup.Trailer{}, err
	}
	return w.End()
}

// server exports what is of no warehouse: roles, who their members are, and what
// is granted on the server.
func (e *export) server(ctx context.Context) error {
	if err := e.all(ctx, backup.TypeRole, "", "roles", call{path: rolesPath}); err != nil {
		return err
	}
	return e.grants(ctx, "", url.Values{"object.kind": {"server"}})
}

// warehouses exports those that are named, or all.
func (e *export) warehouses(ctx context.Context, only []string) error {
	left := slices.Clone(only)
	for answer, err := range e.each(ctx, "warehouses", call{path: []string{"warehouses"}}) {
		if err != nil {
			return err
		}
		w := &htsv1.Warehouse{}
		if err := decode("warehouse", answer, w); err != nil {
			return err
		}
		if len(only) > 0 && !slices.Contains(only, w.GetName()) {
			continue
		}
		left = slices.DeleteFunc(left, func(name string) bool { return name == w.GetName() })
		if err := e.warehouse(ctx, w.GetName(), answer); err != nil {
			return fmt.Errorf("warehouse %s: %w", w.GetName(), err)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("there is no warehouse %q", left)
	}
	return nil
}

// warehouse exports one: what is soft-deleted before what exists, under whose names
// there may be others by now.
func (e *export) warehouse(ctx context.Context, warehouse string, answer json.RawMessage) error {
	begun, err := e.position(ctx, warehouse)
	if err != nil {
		return err
	}
	if err := e.write(backup.TypeWarehouse, warehouse, backup.Warehouse{Warehouse: answer, Position: begun}); err != nil {
		return err
	}
	here := url.Values{"warehouse": {warehouse}, "pageSize": {exportPage}}
	if err := e.these(backup.TypeNamespace, warehouse, e.namespaces(ctx, warehouseFlag{Warehouse: name(warehouse)}, "", true)); err != nil {
		return err
	}
	for _, of := range []struct {
		kind, softDeleted string
	}{{backup.TypeSoftDeleted, "true"}, {backup.TypeTable, "false"}} {
		here.Set("softDeleted", of.softDeleted)
		if err := e.all(ctx, of.kind, warehouse, "tables", call{path: []string{"export", "tables"}, query: here}); err != nil {
			return err
		}
	}
	if err := e.grants(ctx, warehouse, url.Values{"object.kind": {"warehouse"}, "object.warehouse": {warehouse}}); err != nil {
		return err
	}
	if err := e.jobs(ctx, warehouse); err != nil {
		return err
	}
	ended, err := e.position(ctx, warehouse)
	if err != nil {
		return err
	}
	if begun != ended {
		e.to.Changed()
	}
	return e.write(backup.TypeEnd, warehouse, backup.End{Position: ended})
}

// position is where the change log of a warehouse stands.
func (e *export) position(ctx context.Context, warehouse string) (string, error) {
	answer, err := e.ask(ctx, call{method: http.MethodGet, path: []string{"events", "position"}, query: url.Values{"warehouse": {warehouse}}})
	if err != nil {
		return "", err
	}
	position := &htsv1.GetLatestPositionResponse{}
	err = decode("position", answer, position)
	return position.GetPosition(), err
}

func (e *export) grants(ctx context.Context, warehouse string, on url.Values) error {
	on.Set("within", "true")
	on.Set("pageSize", exportPage)
	return e.all(ctx, backup.TypeGrant, warehouse, "grants", call{path: grantsPath, query: on})
}

// jobs exports those that people and engines put there. Igloo's own delete files,
// which is for whoever has them.
func (e *export) jobs(ctx context.Context, warehouse string) error {
	query := url.Values{"warehouse": {warehouse}, "size": {exportPage}}
	for answer, err := range e.each(ctx, "content", call{path: []string{"jobs", "query"}, within: "pageResults", query: query}) {
		if err != nil {
			return err
		}
		job := &htsv1.Job{}
		if err := decode("job", answer, job); err != nil {
			return err
		}
		if job.GetEngineType() == ownEngine {
			continue
		}
		if err := e.write(backup.TypeJob, warehouse, answer); err != nil {
			return err
		}
	}
	return nil
}

// ownEngine is the engine type of Igloo's own jobs.
const ownEngine = "igloo-catalog"

// all exports a list as it is answered.
func (e *export) all(ctx context.Context, kind, warehouse, field string, of call) error {
	return e.these(kind, warehouse, e.each(ctx, field, of))
}

// these exports what is answered, as it is.
func (e *export) these(kind, warehouse string, answers iter.Seq2[json.RawMessage, error]) error {
	for answer, err := range answers {
		if err != nil {
			return err
		}
		if err := e.write(kind, warehouse, answer); err != nil {
			return err
		}
	}
	return nil
}

func (e *export) write(kind, warehouse string, value any) error {
	e.told.add(1)
	return e.to.Write(kind, warehouse, value)
}
