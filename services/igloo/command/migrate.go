package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sync"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// MigrateFrom is the command that brings in the tables and views of another Iceberg
// REST catalog, by the metadata that they have there.
type MigrateFrom struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	sourceFlags   `embed:""`

	Include []string `sep:"none" help:"Bring in what matches one of these patterns of NAMESPACE.NAME alone, as 'sales.*'; may be given several times." placeholder:"PATTERN"`
	Exclude []string `sep:"none" help:"Leave out what matches this pattern of NAMESPACE.NAME; may be given several times." placeholder:"PATTERN"`
	Journal string   `help:"Note in this file what is done, and do not look at it again." placeholder:"FILE"`
	Apply   bool     `help:"Do it; without, it is only shown what would be done."`
	Follow  bool     `help:"Point what was brought in before to what the other catalog has made of it since."`
	At      int      `name:"concurrency" default:"8" help:"Bring in so many at a time."`
}

// Run implements the command.
func (c *MigrateFrom) Run(ctx context.Context, env *settings.Env) error {
	if c.At < 1 {
		return usage("concurrency is %d, and must be positive", c.At)
	}
	for _, pattern := range append(c.Include, c.Exclude...) {
		if _, err := path.Match(pattern, ""); err != nil {
			return usage("%q is no pattern: %w", pattern, err)
		}
	}
	igloo, err := c.client()
	if err != nil {
		return err
	}
	source, err := c.source(ctx, igloo)
	if err != nil {
		return err
	}
	done, err := openJournal(c.Journal)
	if err != nil {
		return err
	}
	told := newProgress(env, "tables and views looked at", 0)
	defer told.end()
	m := &migration{MigrateFrom: c, to: igloo, from: source, journal: done, told: told}
	err = m.run(ctx, c.printer(env))
	return errors.Join(err, done.close(), m.verdict())
}

// The outcomes of a step.
const (
	stepMake   = "make"
	stepFollow = "follow"
	stepThere  = "there"
	stepDiffer = "differs"
	stepFailed = "failed"
)

// step is what is done about one namespace, table or view.
type step struct {
	Type             string `json:"type"`
	Name             string `json:"name"`
	Outcome          string `json:"outcome"`
	MetadataLocation string `json:"metadata-location,omitempty"`
	Problem          string `json:"problem,omitempty"`
}

func stepRow(answer json.RawMessage) ([]string, error) {
	var s step
	err := json.Unmarshal(answer, &s)
	return []string{s.Type, s.Name, s.Outcome, s.MetadataLocation + s.Problem}, err
}

// migration is one under way.
type migration struct {
	*MigrateFrom
	to      *client
	from    *sourceCatalog
	journal *journal
	told    *progress

	mu     sync.Mutex
	failed int
}

// run shows each step as it is done, or would be.
func (m *migration) run(ctx context.Context, p printer) error {
	return streamed(ctx, p, []string{"TYPE", "NAME", "OUTCOME", "DETAIL"}, stepRow, m.walk)
}

func (m *migration) verdict() error {
	if m.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d are not as they are in the other catalog: nothing of these was changed", m.failed)
}

// walk goes through all namespaces, tables and views of the source; namespaces
// before what is in them.
func (m *migration) walk(ctx context.Context, steps chan<- step) error {
	slots, group := make(chan struct{}, m.At), sync.WaitGroup{}
	defer group.Wait()
	for levels, err := range m.from.namespaces(ctx, nil) {
		if err != nil {
			return err
		}
		if err := m.namespace(ctx, levels, steps); err != nil {
			return err
		}
		for of, err := range m.from.contents(ctx, levels) {
			if err != nil {
				return err
			}
			if !m.wanted(of.text()) {
				continue
			}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			group.Go(func() {
				defer func() { <-slots }()
				m.send(ctx, steps, m.one(ctx, of))
			})
		}
	}
	return ctx.Err()
}

func (m *migration) send(ctx context.Context, steps chan<- step, s step) {
	m.told.add(1)
	if s.Outcome == stepDiffer || s.Outcome == stepFailed {
		m.mu.Lock()
		m.failed++
		m.mu.Unlock()
	}
	select {
	case steps <- s:
	case <-ctx.Done():
	}
}

// wanted reports whether a name is to be brought in.
func (m *migration) wanted(name string) bool {
	matches := func(patterns []string) bool {
		for _, pattern := range patterns {
			if like, err := path.Match(pattern, name); err == nil && like {
				return true
			}
		}
		return false
	}
	return (len(m.Include) == 0 || matches(m.Include)) && !matches(m.Exclude)
}
