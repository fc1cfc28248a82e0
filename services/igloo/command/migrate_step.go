package command

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// namespace makes a namespace that is wanted, with its properties.
func (m *migration) namespace(ctx context.Context, levels catalog.Namespace, steps chan<- step) error {
	s := step{Type: "namespace", Name: levels.DatabaseID(), Outcome: stepMake}
	answer, err := m.from.ask(ctx, call{method: http.MethodGet, catalog: true, path: m.from.at("namespaces", strings.Join(levels, m.from.separator))})
	if err != nil {
		return err
	}
	var there struct {
		Properties map[string]string `json:"properties"`
	}
	if err := json.Unmarshal(answer, &there); err != nil {
		return fmt.Errorf("the answer is no namespace: %w", err)
	}
	is, err := m.to.ask(ctx, call{method: http.MethodGet, catalog: true, path: m.prefix("namespaces", strings.Join(levels, levelSeparator))})
	switch {
	case refusedAs(err, http.StatusNotFound):
		if m.Apply {
			request := map[string]any{"namespace": levels, "properties": there.Properties}
			if _, err := m.to.ask(ctx, call{method: http.MethodPost, catalog: true, path: m.prefix("namespaces"), request: request}); err != nil {
				return err
			}
		}
	case err != nil:
		return err
	default:
		s = compared(s, there.Properties, is)
	}
	m.send(ctx, steps, s)
	return nil
}

func compared(s step, properties map[string]string, is json.RawMessage) step {
	var here struct {
		Properties map[string]string `json:"properties"`
	}
	s.Outcome = stepThere
	if err := json.Unmarshal(is, &here); err != nil || !maps.Equal(here.Properties, properties) {
		s.Outcome, s.Problem = stepDiffer, "is there, with other properties"
	}
	return s
}

// one brings in one table or view.
func (m *migration) one(ctx context.Context, of thing) step {
	s := step{Type: of.kind, Name: of.text()}
	if m.journal.has(s) && !m.Follow {
		s.Outcome = stepThere
		return s
	}
	there, err := m.from.load(ctx, of)
	if err != nil {
		return s.fail(fmt.Errorf("the other catalog: %w", err))
	}
	s.MetadataLocation = there.MetadataLocation
	here, err := m.here(ctx, of)
	switch {
	case err != nil:
		return s.fail(err)
	case here == nil:
		s.Outcome = stepMake
	default:
		s.Outcome, s.Problem = m.between(*here, there)
	}
	return m.done(ctx, s, of, there)
}

// here is what Igloo has under the name, nil for nothing.
func (m *migration) here(ctx context.Context, of thing) (*loaded, error) {
	answer, err := m.to.ask(ctx, call{method: http.MethodGet, catalog: true, path: m.prefix("namespaces", strings.Join(of.Namespace, levelSeparator), of.kind+"s", of.Name)})
	switch {
	case refusedAs(err, http.StatusNotFound):
		return nil, nil //nolint:nilnil // none is no error
	case err != nil:
		return nil, err
	}
	l, err := readLoaded(answer)
	return &l, err
}

// between is what is to be done about what is here already. What Igloo has made of
// it since is not thrown away: only what the other catalog's metadata tells of as
// its own past is followed.
func (m *migration) between(here, there loaded) (outcome, problem string) {
	if here.MetadataLocation == there.MetadataLocation {
		return stepThere, ""
	}
	is, err := readMetadata(here.Metadata)
	if err != nil {
		return stepFailed, err.Error()
	}
	was, err := readMetadata(there.Metadata)
	switch {
	case err != nil:
		return stepFailed, err.Error()
	case is.TableUUID+is.ViewUUID != was.TableUUID+was.ViewUUID:
		return stepDiffer, "is there, and is another one"
	case !slices.ContainsFunc(was.MetadataLog, func(e loggedMetadata) bool { return e.File == here.MetadataLocation }):
		return stepDiffer, "is there, and is at " + here.MetadataLocation + ", of which the other catalog knows nothing"
	case !m.Follow:
		return stepDiffer, "is there, and the other catalog has gone on since: see --follow"
	}
	return stepFollow, ""
}

// done does what a step says, looks whether it is so, and notes it.
func (m *migration) done(ctx context.Context, s step, of thing, there loaded) step {
	if !m.Apply || s.Outcome == stepDiffer || s.Outcome == stepFailed {
		return s
	}
	if s.Outcome != stepThere {
		request := map[string]any{"name": of.Name, "metadata-location": there.MetadataLocation, "overwrite": s.Outcome == stepFollow}
		route := "register"
		if of.kind == "view" {
			route = "register-view"
		}
		path := m.prefix("namespaces", strings.Join(of.Namespace, levelSeparator), route)
		answer, err := m.to.ask(ctx, call{method: http.MethodPost, catalog: true, path: path, request: request})
		if err != nil {
			return s.fail(err)
		}
		made, err := readLoaded(answer)
		if err == nil {
			err = verify(made, there)
		}
		if err != nil {
			return s.fail(err)
		}
	}
	if err := m.journal.note(s); err != nil {
		return s.fail(err)
	}
	return s
}

// verify compares what Igloo answers with what the other catalog did.
func verify(made, there loaded) error {
	is, err := readMetadata(made.Metadata)
	if err != nil {
		return err
	}
	was, err := readMetadata(there.Metadata)
	if err != nil {
		return err
	}
	current := func(m metadata) string {
		snapshot := "none"
		if m.Current != nil && *m.Current >= 0 {
			snapshot = strconv.FormatInt(*m.Current, 10)
		}
		return fmt.Sprintf("uuid %s%s, schema %d, snapshot %s, version %d", m.TableUUID, m.ViewUUID, m.SchemaID, snapshot, m.CurrentVersion)
	}
	if current(is) != current(was) || made.MetadataLocation != there.MetadataLocation {
		return fmt.Errorf("it is at %s with %s, and in the other catalog at %s with %s", made.MetadataLocation, current(is), there.MetadataLocation, current(was))
	}
	return nil
}

func (s step) fail(err error) step {
	s.Outcome, s.Problem, s.MetadataLocation = stepFailed, err.Error(), ""
	return s
}
