package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

// maxDifferences is how many of what could not be imported are shown; all are counted.
const maxDifferences = 10_000

// Import is the command that brings in what another Igloo exported.
type Import struct {
	Session `embed:""`
	File    string `arg:"" type:"existingfile" help:"File that igloo export wrote."`
}

// Run implements the command.
func (c *Import) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	header, trailer, err := backup.Check(file)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	told := newProgress(env, "lines imported", trailer.Lines)
	defer told.end()
	i := newImport(igloo, header, told)
	err = i.read(ctx, file)
	told.end()
	return errors.Join(c.tell(env, i), err)
}

// tell shows what was imported, and what was not.
func (s Session) tell(env *settings.Env, i *imported) error {
	p := s.printer(env)
	if i.failed == 0 {
		return p.done(map[string]any{"made": i.made, "there": i.there}, "%d are imported, and %d were there already", i.made, i.there)
	}
	shown := make([]json.RawMessage, 0, len(i.differences))
	for _, d := range i.differences {
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		shown = append(shown, text)
	}
	if err := p.many(held(shown), []string{"TYPE", "WAREHOUSE", "NAME", "PROBLEM"}, differenceRow); err != nil {
		return err
	}
	return fmt.Errorf("%d are imported, %d were there already, and %d are not as in the file: nothing of these was changed", i.made, i.there, i.failed)
}

// difference is a line that could not be imported.
type difference struct {
	Type      string `json:"type"`
	Warehouse string `json:"warehouse"`
	Name      string `json:"name"`
	Problem   string `json:"problem"`
}

func differenceRow(answer json.RawMessage) ([]string, error) {
	var d difference
	err := json.Unmarshal(answer, &d)
	return []string{d.Type, cmp.Or(d.Warehouse, "-"), d.Name, d.Problem}, err
}

// imported is one import under way.
type imported struct {
	*client
	header backup.Header
	told   *progress

	// made, there and failed count lines.
	made, there, failed int64
	differences         []difference
	// without are warehouses that are not there, of which nothing is imported.
	without map[string]bool
	// gone are what is soft-deleted in the warehouse under way already.
	gone map[generation]bool
	// waiting are lines that go together.
	waiting batch
}

func newImport(c *client, header backup.Header, told *progress) *imported {
	return &imported{client: c, header: header, told: told, without: map[string]bool{}}
}

// read imports the lines of a file that is known to be whole.
func (i *imported) read(ctx context.Context, from io.Reader) error {
	for line, err := range backup.Lines(from) {
		if err != nil {
			return err
		}
		if err := i.line(ctx, line); err != nil {
			return fmt.Errorf("import a %s: %w", line.Type, err)
		}
	}
	return nil
}

// line imports one, now or with others. What goes together is of one type, and of
// one warehouse.
func (i *imported) line(ctx context.Context, line backup.Line) error {
	if i.waiting.before(line) {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	if i.without[line.Warehouse] && line.Type != backup.TypeWarehouse {
		i.told.add(1)
		return nil
	}
	switch line.Type {
	case backup.TypeRole:
		return i.role(ctx, line)
	case backup.TypeGrant:
		return i.grant(ctx, line)
	case backup.TypeWarehouse:
		return i.warehouse(ctx, line)
	case backup.TypeNamespace:
		return i.namespace(ctx, line)
	case backup.TypeSoftDeleted:
		return i.softDeleted(ctx, line)
	case backup.TypeTable:
		return i.table(ctx, line)
	case backup.TypeJob:
		return i.job(ctx, line)
	case backup.TypeHeader, backup.TypeEnd, backup.TypeTrailer:
		i.told.add(1)
		return nil
	default:
		return errors.New("this program knows of no such line")
	}
}

// create counts what is made now, and have what was there.
func (i *imported) create(n int64) { i.made += n; i.told.add(n) }
func (i *imported) have()          { i.there++; i.told.add(1) }

// differ tells of a line that is not imported.
func (i *imported) differ(line backup.Line, name, problem string, args ...any) {
	i.failed++
	i.told.add(1)
	if len(i.differences) < maxDifferences {
		i.differences = append(i.differences, difference{Type: line.Type, Warehouse: line.Warehouse, Name: name, Problem: fmt.Sprintf(problem, args...)})
	}
}
