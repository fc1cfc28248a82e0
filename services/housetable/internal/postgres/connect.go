package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// The limits of every connection, each below the next.
const (
	lockTimeout      = 2 * time.Second
	pingTimeout      = 2 * time.Second
	connectTimeout   = 3 * time.Second // to one host
	statementTimeout = 5 * time.Second
	acquireTimeout   = 5 * time.Second
	// answerTimeout is when a connection is given up: the server has ended the
	// statement by then, so what is silent still is gone.
	answerTimeout = statementTimeout + time.Second
)

// configure adds to what the URL says what the URL does not say.
func configure(url string, o Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	config.MaxConns = int32(o.Connections)
	config.PingTimeout = pingTimeout
	config.BeforeConnect = uncancelled
	writable(config.ConnConfig)
	tracing(config.ConnConfig)
	if !o.Pooler {
		tune(config.ConnConfig.RuntimeParams)
	} else if !strings.Contains(url, "default_query_exec_mode=") {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return config, nil
}

// writable keeps to a server that takes writes. One that does not, a standby or
// a primary that became one, is passed over when a connection is made, and left
// when it turns out later: reads from it could be of an older state.
func writable(config *pgx.ConnConfig) {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	keep := config.OnPgError
	config.OnPgError = func(conn *pgconn.PgConn, e *pgconn.PgError) bool {
		return e.Code != readOnlyTransaction && keep(conn, e)
	}
}

// errUncancelled is what pgx gets for a request to cancel; it does not look.
var errUncancelled = errors.New("statements are not cancelled")

// uncancelled keeps pgx from asking the server to end what nobody waits for any
// more. A commit that waits for its standby would end so, and be seen from then
// on, though a failover loses it. The server's own limits end everything else.
// The request would come over a connection of its own, after the first.
func uncancelled(_ context.Context, config *pgx.ConnConfig) error {
	var connected atomic.Bool
	dial, after := config.DialFunc, config.AfterConnect
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if connected.Load() {
			return nil, errUncancelled
		}
		return dial(ctx, network, address)
	}
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		connected.Store(true)
		if after == nil {
			return nil
		}
		return after(ctx, conn)
	}
	return nil
}

// tune sets what makes the one statement fast and bounded; all works without.
// Its plan does not depend on the values, but Postgres would make it anew each
// time; and its arrays have no statistics that could speak against the keys.
func tune(params map[string]string) {
	for name, value := range map[string]string{
		"application_name": "igloo-housetable",
		"plan_cache_mode":  "force_generic_plan",
		"enable_seqscan":   "off",
		"jit":              "off",
		"lock_timeout":     strconv.FormatInt(lockTimeout.Milliseconds(), 10),
		// A transaction of several statements, whose client hangs between two.
		"idle_in_transaction_session_timeout": strconv.FormatInt(statementTimeout.Milliseconds(), 10),
		"statement_timeout":                   strconv.FormatInt(statementTimeout.Milliseconds(), 10),
	} {
		if _, set := params[name]; !set {
			params[name] = value
		}
	}
}

// conns is a pool in which neither the wait for a connection nor that for an
// answer is without a limit.
type conns struct {
	pool *pgxpool.Pool
	wait time.Duration
	crowd
	// held, when set, is the one connection for everything: it is in a transaction,
	// and failed becomes the first error there.
	held   *pgxpool.Conn
	failed error
}

// unsent is an error from before a statement was sent.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

// transact runs work in a transaction, for as long as ctx lets it.
func (c *conns) transact(ctx context.Context, work func(pgx.Tx) error) error {
	conn, err := c.acquire(ctx)
	if err != nil {
		return unsent{err}
	}
	defer conn.Release()
	return pgx.BeginFunc(ctx, conn, work)
}

// use runs work on a connection, alone.
func (c *conns) use(ctx context.Context, work func(ctx context.Context, conn *pgxpool.Conn) error) error {
	if c.held != nil {
		return c.useHeld(ctx, work)
	}
	conn, err := c.acquire(ctx)
	if err != nil {
		return unsent{err}
	}
	defer conn.Release()
	bounded, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	err = work(bounded, conn)
	if unanswered(err) {
		c.suspect.Store(true)
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		c.pool.Reset() // the other connections lead to the same silent server
	}
	return err
}

func (c *conns) useHeld(ctx context.Context, work func(ctx context.Context, conn *pgxpool.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	err := work(ctx, c.held)
	if unanswered(err) {
		c.suspect.Store(true)
	}
	if c.failed == nil {
		c.failed = err
	}
	return err
}

func (c *conns) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	conn, err := c.pool.Acquire(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil && c.full() {
		return nil, busy(err)
	}
	return conn, err
}

func busy(cause error) error {
	e := fault.Wrap(fault.Overloaded, cause, "all connections to the database are busy")
	e.RetryAfter = retryAfter
	return e
}

func (c *conns) full() bool {
	state := c.pool.Stat()
	return state.AcquiredConns() == state.MaxConns()
}

// Close ends all connections, once they are given back.
func (c *conns) Close() { c.pool.Close() }

// Exec runs one statement that changes something.
func (c *conns) Exec(ctx context.Context, statement string, args ...any) (tag pgconn.CommandTag, err error) {
	done, err := c.change(ctx)
	if err != nil {
		return tag, err
	}
	defer done()
	err = c.use(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		tag, err = conn.Exec(ctx, statement, args...)
		return err
	})
	return tag, undecided(err)
}

// send runs a pipeline whose queries have their functions.
func (c *conns) send(ctx context.Context, pipeline *pgx.Batch) error {
	return c.use(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.SendBatch(ctx, pipeline).Close()
	})
}

// alter runs one statement that changes something and reads what it returns.
func alter[T any](ctx context.Context, c *conns, scan pgx.RowToFunc[T], text string, args ...any) ([]T, error) {
	done, err := c.change(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return collect(ctx, c, scan, text, args...)
}

// collect runs one query and reads all its rows.
func collect[T any](ctx context.Context, c *conns, scan pgx.RowToFunc[T], text string, args ...any) (found []T, err error) {
	err = c.use(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, text, args...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, scan)
		return err
	})
	return found, err
}

func isUnsent(err error) bool {
	_, ok := errors.AsType[unsent](err)
	return ok || pgconn.SafeToRetry(err)
}
