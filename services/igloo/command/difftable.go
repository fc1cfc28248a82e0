package command

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/services/catalog"
)

type diffTable struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	tableArg      `embed:""`

	From string `help:"Earlier version: its number, a time (2026-01-31T12:00:00Z), or the location of a metadata file; without it, the one before the later." placeholder:"VERSION"`
	To   string `help:"Later version, named in the same way; without it, the current one." placeholder:"VERSION"`
}

// Run implements the command.
func (c *diffTable) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	v, err := igloo.versions(ctx, c.warehouseFlag, c.Table)
	if err != nil {
		return err
	}
	later, to, err := v.read(ctx, c.To)
	if err != nil {
		return fmt.Errorf("to: %w", err)
	}
	before := c.From
	if before == "" {
		if before, err = to.previous(); err != nil {
			return err
		}
	}
	earlier, from, err := v.read(ctx, before)
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	changes, err := encodedChanges(changesBetween(earlier, later, from, to))
	if err != nil {
		return err
	}
	return c.printer(env).many(held(changes), []string{"PART", "CHANGE", "NAME", "FROM", "TO"}, changeRow)
}

// previous is the metadata file before.
func (m metadata) previous() (string, error) {
	if len(m.MetadataLog) == 0 {
		return "", usage("from: the later metadata tells of none before it: say which one is meant")
	}
	return m.MetadataLog[len(m.MetadataLog)-1].File, nil
}

// versions are those of one table.
type versions struct {
	*client
	in      warehouseFlag
	id      identifier
	answer  json.RawMessage
	current loaded
}

// versions loads a table, with a key to its files where the catalog gives one out:
// earlier metadata is read from its file.
func (c *client) versions(ctx context.Context, in warehouseFlag, of tableName) (versions, error) {
	id, err := of.identifier()
	if err != nil {
		return versions{}, err
	}
	load := call{method: http.MethodGet, catalog: true, path: in.prefix(id.path("tables")...), header: map[string]string{delegationHeader: vended}}
	answer, err := c.ask(ctx, load)
	if err != nil {
		return versions{}, err
	}
	current, err := readLoaded(answer)
	return versions{client: c, in: in, id: id, answer: answer, current: current}, err
}

// read is a version's metadata, and the file that it is in.
func (v versions) read(ctx context.Context, which string) (file string, m metadata, err error) {
	if file, err = v.file(ctx, which); err != nil {
		return "", m, err
	}
	text := []byte(v.current.Metadata)
	if file != v.current.MetadataLocation {
		if text, err = v.stored(ctx, file); err != nil {
			return "", m, err
		}
	}
	m, err = readMetadata(text)
	return file, m, err
}

// stored reads a metadata file that is not the current one.
func (v versions) stored(ctx context.Context, file string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	store, err := reached(ctx, v.answer, v.current)
	if err != nil {
		return nil, err
	}
	return catalog.ReadMetadata(ctx, store, file)
}

// file is the metadata file of a version: of a number or at a time as the table's
// history tells, else the file itself; that of the current one when none is named.
func (v versions) file(ctx context.Context, which string) (string, error) {
	var by string
	_, notNumber := strconv.ParseInt(which, 10, 64)
	_, notTime := time.Parse(time.RFC3339, which)
	switch {
	case notNumber == nil:
		by = "version"
	case notTime == nil:
		by = "asOf"
	case which == "" || strings.Contains(which, "/"):
		return cmp.Or(which, v.current.MetadataLocation), nil
	default:
		return "", usage("%q is no version: a number, a time (2026-01-31T12:00:00Z) or the location of a metadata file is", which)
	}
	found, err := v.version(ctx, v.in, v.id, by, which)
	return found.GetMetadataLocation(), err
}

func changeRow(answer json.RawMessage) ([]string, error) {
	var c change
	err := json.Unmarshal(answer, &c)
	return []string{c.Part, c.Change, c.Name, c.From, c.To}, err
}

func encodedChanges(changes []change) ([]json.RawMessage, error) {
	texts := make([]json.RawMessage, len(changes))
	for i, c := range changes {
		text, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}
