package sqlite

import (
	"context"
	"database/sql"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// What the spans of reads and of transactions say.
var (
	reading = []attribute.KeyValue{attribute.String("db.system.name", "sqlite"), attribute.String("db.operation.name", "SELECT")}
	writing = []attribute.KeyValue{attribute.String("db.system.name", "sqlite"), attribute.String("db.operation.name", "BEGIN IMMEDIATE")}
)

// querier is a reader's pool or the writer's connection.
type querier interface {
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// find reads the first row, or nil where there is none.
func find[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) (*T, error) {
	rows, err := q.query(ctx, query, args...)
	return first(scan, rows, err)
}

func (s *Store) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, span := telemetry.Part(ctx, "SELECT", trace.SpanKindClient, reading...)
	defer span.End()
	rows, err := s.read.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // whoever asked closes them
	if err != nil {
		return nil, classify(err, "read")
	}
	return rows, nil
}

// spelling is the warehouse's rule for names; NoSuchWarehouse when there is none.
func (s *Store) spelling(ctx context.Context, warehouse string) (spelling, error) {
	w, err := s.Warehouse(ctx, warehouse)
	return spelling{fold: w.CaseInsensitive}, err
}

// missing is the error of a row that is not there: the warehouse's, if that is
// what does not exist, else what.
func (s *Store) missing(ctx context.Context, warehouse string, what error) error {
	if _, err := s.Warehouse(ctx, warehouse); err != nil {
		return err
	}
	return what
}

var _ housetable.Reader = (*Store)(nil)
