package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	consumerColumns = `consumer, position, fingerprint, acknowledged_at`
	// New consumers that come at once may both be the last one: the bound is for
	// the reader's sake and need not be exact.
	acknowledge = `INSERT INTO event_consumer AS c (warehouse_id, consumer, position, fingerprint) SELECT $1, $2, $3, $4
		WHERE (SELECT count(*) FROM event_consumer WHERE warehouse_id = $1) < $5::bigint
			OR EXISTS (SELECT 1 FROM event_consumer WHERE warehouse_id = $1 AND consumer = $2)
		ON CONFLICT (warehouse_id, consumer) DO UPDATE SET position = greatest(c.position, excluded.position),
			fingerprint = CASE WHEN excluded.position > c.position THEN excluded.fingerprint ELSE c.fingerprint END, acknowledged_at = now()
		RETURNING ` + consumerColumns
	selectConsumers = `SELECT ` + consumerColumns + ` FROM event_consumer WHERE warehouse_id = $1 ORDER BY consumer`
	deleteConsumer  = `DELETE FROM event_consumer WHERE warehouse_id = $1 AND consumer = $2`
)

func scanConsumer(r pgx.CollectableRow) (c housetable.Consumer, err error) {
	var fingerprint int64
	err = r.Scan(&c.Name, &c.Position.Sequence, &fingerprint, &c.AcknowledgedAt)
	c.Position.Fingerprint, c.AcknowledgedAt = uint32(fingerprint), c.AcknowledgedAt.UTC()
	return c, err
}

// Acknowledge keeps how far a consumer got.
func (s *Store) Acknowledge(ctx context.Context, warehouse, consumer string, p housetable.Position) (housetable.Consumer, error) {
	if err := s.missing(ctx, warehouse, nil); err != nil {
		return housetable.Consumer{}, err
	}
	at := housetable.EventQuery{Warehouse: warehouse, After: p, Limit: 1}
	if _, err := s.readEvents(ctx, at, p.Sequence); err != nil {
		return housetable.Consumer{}, err
	}
	kept, err := write(ctx, s, scanConsumer, "acknowledge", acknowledge, warehouse, consumer, p.Sequence, int64(p.Fingerprint), housetable.MaxConsumers)
	switch {
	case sqlState(err) == foreignKeyViolation:
		return housetable.Consumer{}, housetable.NoSuchWarehouse(warehouse)
	case err != nil:
		return housetable.Consumer{}, err
	case len(kept) == 0:
		return housetable.Consumer{}, housetable.TooManyConsumers(warehouse)
	}
	return kept[0], nil
}

// Consumers returns all consumers of a warehouse.
func (s *Store) Consumers(ctx context.Context, warehouse string) ([]housetable.Consumer, error) {
	consumers, err := query(ctx, s, scanConsumer, "list consumers", selectConsumers, warehouse)
	if err == nil && len(consumers) == 0 {
		return nil, s.missing(ctx, warehouse, nil)
	}
	return consumers, err
}

// DeleteConsumer forgets a consumer.
func (s *Store) DeleteConsumer(ctx context.Context, warehouse, consumer string) error {
	tag, err := s.pool.Exec(ctx, deleteConsumer, warehouse, consumer)
	if err != nil {
		return classify(err, "delete consumer")
	}
	if tag.RowsAffected() == 0 {
		return s.missing(ctx, warehouse, nil)
	}
	return nil
}
