package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// writer is the one connection that writes, and its prepared statements. Who
// holds turn may use it.
type writer struct {
	turn chan struct{}
	conn *sql.Conn
	// statements are prepared once; their number is that of the queries in this package.
	statements map[string]*sql.Stmt
	// inside is set within a transaction: what would be one joins it.
	inside bool
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open for writing: %w", err)
	}
	return &writer{turn: make(chan struct{}, 1), conn: conn, statements: map[string]*sql.Stmt{}}, nil
}

func (w *writer) close() error { return w.conn.Close() }

// transact runs work in one immediate transaction. An error of work leaves
// nothing behind; an error of the commit itself leaves the outcome unknown.
func (w *writer) transact(ctx context.Context, work func() error) error {
	if w.inside {
		return work()
	}
	ctx, span := telemetry.Part(ctx, "BEGIN IMMEDIATE", trace.SpanKindClient, writing...)
	defer span.End()
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "the store is busy")
	}
	if _, err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := work(); err != nil {
		w.rollback(ctx)
		return err
	}
	if _, err := w.exec(ctx, "COMMIT"); err != nil {
		w.rollback(ctx)
		return fault.Wrap(fault.UnknownOutcome, err, "the store did not confirm the commit")
	}
	return nil
}

// rollback ends the transaction, unless SQLite did so by itself: then there is
// none to end, and the error says no more than that.
func (w *writer) rollback(ctx context.Context) {
	_, _ = w.exec(context.WithoutCancel(ctx), "ROLLBACK")
}

func (w *writer) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := w.prepare(ctx, query) //nolint:sqlclosecheck // kept for the next time; it ends with the connection
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return nil, classify(err, "write")
	}
	return result, nil
}

func (w *writer) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := w.prepare(ctx, query) //nolint:sqlclosecheck // kept for the next time; it ends with the connection
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, classify(err, "read")
	}
	return rows, nil
}

func (w *writer) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := w.statements[query]; ok {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, classify(err, "prepare")
	}
	w.statements[query] = stmt
	return stmt, nil
}
