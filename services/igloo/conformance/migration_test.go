package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// migration is tables and views of Iceberg's own catalog on their way into Igloo.
type migration struct {
	igloo    *iglootest.Deployment
	from, to catalog
	journal  string
	things   []thing
}

// runMigration brings the tables and views of Iceberg's own REST server in, by `igloo
// migrate-from`.
func runMigration(t *testing.T, b *bench) []outcome {
	t.Helper()
	m := &migration{igloo: b.shape.Start(t), from: newFixture(t, b), journal: filepath.Join(b.reports, "journal")}
	m.to = catalog{m.igloo.URL, "\x1f"}
	if err := m.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		does func(context.Context, *testing.T) error
	}{
		{"showing changes nothing", m.shown},
		{"what is killed has noted what it did", m.interrupted},
		{"the next run does the rest", m.resumed},
		{"everything is at its place", m.same},
		{"what is bad is told, and the rest is done", m.spoilt},
	}
	outcomes := make([]outcome, 0, len(steps))
	for _, step := range steps {
		o := outcome{test: step.name}
		if err := step.does(t.Context(), t); err != nil {
			o.verdict, o.why = failed, err.Error()
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

const (
	migrated  = 12 // tables of each namespace
	emptiness = `{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":false,"type":"long"}]}`
)

// namespaces of the other catalog; the second lies in the first.
var namespaces = [][]string{{"sales"}, {"sales", "eu"}, {"with space"}}

// fill has the other catalog make tables and a view in each namespace.
func (m *migration) fill(ctx context.Context) error {
	for _, levels := range namespaces {
		named := `["` + strings.Join(levels, `","`) + `"]`
		if err := m.from.makes(ctx, "namespaces", `{"namespace":`+named+`,"properties":{"owner":"o"}}`); err != nil {
			return err
		}
		for i := range migrated {
			if err := m.add(ctx, thing{levels, "tables", fmt.Sprintf("t %d", i)}, ""); err != nil {
				return err
			}
		}
		if err := m.add(ctx, thing{levels, "views", "v"}, `,"properties":{},"view-version":{"version-id":1,"timestamp-ms":1,"schema-id":0,"summary":{},`+
			`"default-namespace":`+named+`,"representations":[{"type":"sql","sql":"select 1","dialect":"spark"}]}`); err != nil {
			return err
		}
	}
	return nil
}

// add has the other catalog make a thing.
func (m *migration) add(ctx context.Context, of thing, more string) error {
	m.things = append(m.things, of)
	return m.from.makes(ctx, m.from.namespace(of.namespace)+"/"+of.kind, `{"name":"`+of.name+`","schema":`+emptiness+more+`}`)
}

// command is igloo migrate-from.
func (m *migration) command(t *testing.T, output *bytes.Buffer, more ...string) proctest.Command {
	t.Helper()
	return proctest.Command{
		Path: iglootest.Program(t, "igloo"), Args: append([]string{"migrate-from", m.from.url, "--output", "jsonl"}, more...),
		Env: []string{"IGLOO_SERVER=" + m.igloo.HTS, "IGLOO_CATALOG=" + m.igloo.URL}, Output: output,
	}
}

// run runs it to its end.
func (m *migration) run(t *testing.T, more ...string) (string, error) {
	t.Helper()
	var output bytes.Buffer
	process, err := proctest.Start(m.command(t, &output, more...))
	if err != nil {
		return "", err
	}
	defer process.Kill()
	select {
	case <-process.Done():
		err = process.Wait()
	case <-time.After(limit):
		err = fmt.Errorf("it ran longer than %s", limit)
	}
	return output.String(), err
}

// there are how many things Igloo has.
func (m *migration) there(ctx context.Context) (int, error) {
	n := 0
	for _, of := range m.things {
		p, err := m.to.place(ctx, of)
		if err != nil {
			return 0, err
		}
		if p.location != "" {
			n++
		}
	}
	return n, nil
}

func (m *migration) shown(ctx context.Context, t *testing.T) error {
	t.Helper()
	out, err := m.run(t, "--journal", m.journal)
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if made := strings.Count(out, `"outcome":"make"`); made != len(m.things)+len(namespaces) {
		return fmt.Errorf("%d are shown as to be made, of %d:\n%s", made, len(m.things)+len(namespaces), out)
	}
	n, err := m.there(ctx)
	if err != nil {
		return err
	}
	_, answer, err := m.to.ask(ctx, http.MethodGet, "namespaces", "")
	if err == nil && (n > 0 || strings.Contains(string(answer), "sales")) {
		err = fmt.Errorf("%d are there, and namespaces %s", n, answer)
	}
	return err
}

// noted are the lines of the journal.
func (m *migration) noted() int {
	text, err := os.ReadFile(m.journal)
	if err != nil {
		return 0
	}
	return bytes.Count(text, []byte(`"outcome"`))
}

func (m *migration) interrupted(ctx context.Context, t *testing.T) error {
	t.Helper()
	const some = 5
	process, err := proctest.Start(m.command(t, &bytes.Buffer{}, "--apply", "--journal", m.journal, "--concurrency", "2"))
	if err != nil {
		return err
	}
	for begin := time.Now(); m.noted() < some; time.Sleep(time.Millisecond) {
		if time.Since(begin) > limit {
			return fmt.Errorf("%d are noted:\n%s", m.noted(), process.Output())
		}
	}
	if err := process.Kill(); err != nil {
		return err
	}
	n, err := m.there(ctx)
	if err == nil && (n < m.noted() || n == len(m.things)) {
		err = fmt.Errorf("%d are there, %d are noted, of %d", n, m.noted(), len(m.things))
	}
	return err
}

func (m *migration) resumed(ctx context.Context, t *testing.T) error {
	t.Helper()
	before := m.noted()
	out, err := m.run(t, "--apply", "--journal", m.journal)
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if again := strings.Count(out, `"outcome":"make"`); again > len(m.things)-before+len(namespaces) {
		return fmt.Errorf("%d are made, though %d were noted:\n%s", again, before, out)
	}
	n, err := m.there(ctx)
	if err == nil && (n != len(m.things) || m.noted() != len(m.things)) {
		err = fmt.Errorf("%d are there, %d are noted, of %d", n, m.noted(), len(m.things))
	}
	return err
}

// same holds what Igloo has against what the other catalog has.
func (m *migration) same(ctx context.Context, _ *testing.T) error {
	for _, of := range m.things {
		was, err := m.from.place(ctx, of)
		if err != nil {
			return err
		}
		is, err := m.to.place(ctx, of)
		if err != nil {
			return err
		}
		if is != was || is.uuid == "" {
			return fmt.Errorf("%v is %v, was %v", of, is, was)
		}
	}
	return nil
}

// spoilt adds to the other catalog a table whose metadata is lost, one of a name that
// Igloo has, and a good one after them.
func (m *migration) spoilt(ctx context.Context, t *testing.T) error {
	t.Helper()
	good, lost, taken := m.things, thing{namespaces[0], "tables", "u lost"}, thing{namespaces[0], "tables", "u taken"}
	err := errors.Join(m.add(ctx, lost, ""), m.add(ctx, taken, ""), m.lose(ctx, lost))
	m.things = good
	mine, rivalErr := m.rival(ctx, taken)
	if err = errors.Join(err, rivalErr, m.add(ctx, thing{namespaces[2], "tables", "z"}, "")); err != nil {
		return err
	}
	out, err := m.run(t, "--apply", "--journal", m.journal)
	if err == nil || strings.Count(out, `"failed"`) != 1 || strings.Count(out, `"differs"`) != 1 {
		return errors.Join(err, fmt.Errorf("two are bad, and it said:\n%s", out))
	}
	is, err := m.to.place(ctx, taken)
	if err == nil && is != mine {
		err = fmt.Errorf("what was there is %v, was %v", is, mine)
	}
	return errors.Join(err, m.same(ctx, t))
}

// rival has Igloo make a table of a name that the other catalog has.
func (m *migration) rival(ctx context.Context, of thing) (placed, error) {
	if err := m.to.makes(ctx, m.to.namespace(of.namespace)+"/tables", `{"name":"`+of.name+`","schema":`+emptiness+`}`); err != nil {
		return placed{}, err
	}
	return m.to.place(ctx, of)
}

// lose deletes the metadata file of a table of the other catalog.
func (m *migration) lose(ctx context.Context, table thing) error {
	p, err := m.from.place(ctx, table)
	if err != nil {
		return err
	}
	_, file, _ := strings.Cut(p.location, ":")
	return os.Remove("/" + strings.TrimLeft(file, "/"))
}
