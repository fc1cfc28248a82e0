package sqlite

import (
	"context"
	"maps"
	"slices"
	"testing"
)

// Written are the statements that the writer has made so far.
func (s *Store) Written() []string { return slices.Collect(maps.Keys(s.writer.statements)) }

// Plan is how the database would run a statement, step by step.
func (s *Store) Plan(t *testing.T, statement string, args ...any) []string {
	t.Helper()
	rows, err := s.read.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	steps, err := all(func(r row) (step string, err error) {
		var id, parent, unused int
		err = r.Scan(&id, &parent, &unused, &step)
		return step, err
	}, rows, err)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}
