package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
	"github.com/igloo-catalog/igloo/services/housetable"
)

var _ housetable.Store = (*Relieved)(nil)

// The limits of a read from the standby. Within standbyTimeout it is answered
// there, or the primary is asked; for standbyRest after one that failed no other
// tries.
const (
	standbyPatience = 100 * time.Millisecond
	standbyPoll     = 2 * time.Millisecond
	standbyTimeout  = time.Second
	standbyRest     = time.Second
)

// A position is a line of history, as in selectEpoch, and how far it got. What
// anybody was told of is flushed. The standby names the line that it receives, as
// its own files still have the one before for a while: one that receives nothing,
// or was promoted, has no position.
const (
	selectFlushed = `SELECT (` + selectEpoch + `), (pg_current_wal_flush_lsn() - '0/0')::bigint`
	selectApplied = `SELECT s.system_identifier || '-' || lpad(upper(to_hex(r.received_tli)), 8, '0'), (pg_last_wal_replay_lsn() - '0/0')::bigint
		FROM pg_control_system() s, pg_stat_wal_receiver r WHERE r.received_tli IS NOT NULL AND pg_is_in_recovery()`
)

type walPosition struct {
	Epoch string
	At    int64
}

// errBehind says that the standby has not got as far as the primary.
var errBehind = errors.New("the standby is behind")

// Relieved is a store whose lists come from a standby, when that has all that the
// primary had when the list was asked for; else from the primary. So a list misses
// nothing that was committed before, whoever committed it, and the standby is
// nobody's trouble when it is away.
type Relieved struct {
	*Store

	standby *Store
	told    standbyMeasures
	// resting is until when the standby is not asked, in nanoseconds since 1970.
	resting atomic.Int64
}

// Relieve has the lists of a primary come from the standby at url. Both are closed
// with the store that is returned.
func Relieve(ctx context.Context, primary *Store, url string, o Options) (*Relieved, error) {
	config, err := configure(url, o)
	if err != nil {
		return nil, fmt.Errorf("standby: %w", err)
	}
	config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsStandby
	meters := o.Meters
	o.Meters = nil // the pool that is measured is the primary's
	standby, err := openWith(ctx, config, o)
	if err != nil {
		return nil, err
	}
	told, err := measureStandby(meters)
	if err != nil {
		return nil, errors.Join(err, standby.Close())
	}
	return &Relieved{Store: primary, standby: standby, told: told}, nil
}

// Close ends the connections to both.
func (r *Relieved) Close() error { return errors.Join(r.standby.Close(), r.Store.Close()) }

// read runs a list on the standby, or on the primary.
func (r *Relieved) read(ctx context.Context, list func(context.Context, *Store) error) error {
	if time.Now().UnixNano() < r.resting.Load() {
		r.told.count(ctx, standbyResting)
		return list(ctx, r.Store)
	}
	err := r.fromStandby(ctx, list)
	if err == nil || refused(err) {
		r.told.count(ctx, standbyServed)
		return err
	}
	if ctx.Err() == nil {
		r.resting.Store(time.Now().Add(standbyRest).UnixNano())
		r.told.failed(ctx, err)
	}
	return list(ctx, r.Store)
}

// fromStandby runs a list on one connection to a standby that has come as far as
// the primary is now.
func (r *Relieved) fromStandby(ctx context.Context, list func(context.Context, *Store) error) error {
	ctx, cancel := context.WithTimeout(ctx, standbyTimeout)
	defer cancel()
	wanted, err := query(ctx, r.Store, pgx.RowToStructByPos[walPosition], "read the position", selectFlushed)
	if err != nil {
		return err
	}
	conn, err := r.standby.pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return r.listThere(ctx, conn, wanted[0], list)
}

func (r *Relieved) listThere(ctx context.Context, conn *pgxpool.Conn, wanted walPosition, list func(context.Context, *Store) error) error {
	there := r.standby.within(conn)
	if err := r.await(ctx, there, wanted); err != nil {
		return err
	}
	return list(ctx, there)
}

// await waits for the standby to come to a position, if that is soon.
func (r *Relieved) await(ctx context.Context, standby *Store, wanted walPosition) error {
	for deadline := time.Now().Add(standbyPatience); ; {
		at, err := query(ctx, standby, pgx.RowToStructByPos[walPosition], "read the standby's position", selectApplied)
		if err != nil {
			return err
		}
		if len(at) == 0 || at[0].Epoch != wanted.Epoch {
			return fault.New(fault.Unavailable, "the standby does not follow the primary")
		}
		r.told.behind.Store(max(0, wanted.At-at[0].At))
		if at[0].At >= wanted.At {
			return nil
		}
		if time.Now().After(deadline) || pause.For(ctx, standbyPoll) != nil {
			return errBehind
		}
	}
}
