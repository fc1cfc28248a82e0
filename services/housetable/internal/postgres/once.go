package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// The record comes first: another delivery of the request waits there, and
	// finds it when this one is done.
	claimOperation = `INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body)
		VALUES ($1, $2, $3, $4, 0, '[]', '') ON CONFLICT DO NOTHING RETURNING recorded_at`
	fillOperation = `UPDATE operation SET status = $3, locations = $4, body = $5 WHERE warehouse_id = $1 AND op_id = $2`
)

// errRecorded says that the operation was recorded before.
var errRecorded = errors.New("the operation is recorded already")

// Once does work and records its operation in one transaction. A rival that
// aborts it, and an answer that is lost, make it begin again: what was recorded
// by then is found.
func (s *Store) Once(ctx context.Context, warehouse string, o housetable.Operation, work func(context.Context, housetable.Store) (housetable.Outcome, error)) (housetable.RecordedOperation, error) {
	lost := false
	for n := 0; ; n++ {
		recorded, err := s.once(ctx, warehouse, o, work)
		lost = lost || fault.Is(err, fault.UnknownOutcome)
		switch {
		case errors.Is(err, errRecorded):
			return s.Operation(ctx, warehouse, o.ID)
		case err == nil || refused(err) || !lost && !rival(sqlState(err)):
			return recorded, err
		case n == attempts || pause.For(ctx, backoff(n)) != nil:
			return recorded, failure(err, lost)
		}
	}
}

func (s *Store) once(ctx context.Context, warehouse string, o housetable.Operation, work func(context.Context, housetable.Store) (housetable.Outcome, error)) (recorded housetable.RecordedOperation, err error) {
	err = s.transact(ctx, "record the operation", func(t *Store) error {
		recorded, err = t.onceWithin(ctx, warehouse, o, work)
		return err
	})
	return recorded, err
}

// transact runs work in a transaction: this one, if the store is inside of one.
func (s *Store) transact(ctx context.Context, what string, work func(*Store) error) error {
	if s.pool.held != nil {
		return work(s)
	}
	done, err := s.pool.change(ctx)
	if err != nil {
		return classify(err, "begin")
	}
	defer done()
	conn, err := s.pool.acquire(ctx)
	if err != nil {
		return classify(unsent{err}, "begin")
	}
	defer conn.Release()
	t := s.within(conn)
	if _, err := t.pool.Exec(ctx, "BEGIN"); err != nil {
		return classify(err, "begin")
	}
	if err := work(t); err != nil {
		t.rollback(ctx)
		return t.cause(err)
	}
	_, err = t.pool.Exec(ctx, "COMMIT")
	return classify(err, what)
}

// within is the store inside a transaction on one connection.
func (s *Store) within(conn *pgxpool.Conn) *Store {
	return &Store{pool: &conns{pool: s.pool.pool, wait: s.pool.wait, crowd: s.pool.crowd, held: conn}, measures: s.measures}
}

func (s *Store) onceWithin(ctx context.Context, warehouse string, o housetable.Operation, work func(context.Context, housetable.Store) (housetable.Outcome, error)) (housetable.RecordedOperation, error) {
	recorded := housetable.RecordedOperation{Operation: o}
	at, err := write(ctx, s, pgx.RowTo[time.Time], "record the operation", claimOperation, warehouse, pgUUID(o.ID), blob(o.Fingerprint), o.Kind)
	if err != nil {
		return recorded, err
	}
	if len(at) == 0 {
		return recorded, errRecorded
	}
	recorded.RecordedAt = at[0].UTC()
	if recorded.Outcome, err = work(ctx, s); err != nil {
		return recorded, err
	}
	locations, err := json.Marshal(recorded.Outcome.MetadataLocations)
	if err != nil {
		return recorded, err
	}
	_, err = s.pool.Exec(ctx, fillOperation, warehouse, pgUUID(o.ID), recorded.Outcome.Status, string(locations), blob(recorded.Outcome.Body))
	return recorded, classify(err, "record the operation")
}

// rollback ends the transaction. Where that fails the connection does not go on,
// and the transaction ends with it.
func (s *Store) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	if _, err := s.pool.held.Exec(ctx, "ROLLBACK"); err != nil {
		_ = s.pool.held.Conn().Close(ctx)
	}
}

// cause is the error that a transaction ended with: what its work says of the
// state, else the first error there, after which no statement could succeed.
func (s *Store) cause(err error) error {
	if !errors.Is(err, errRecorded) && !refused(err) && rival(sqlState(s.pool.failed)) {
		return s.pool.failed
	}
	return err
}

// refused reports that work found the state to be against it.
func refused(err error) bool {
	return fault.KindOf(err).HTTPStatus() < http.StatusInternalServerError && !fault.Is(err, fault.Overloaded)
}
