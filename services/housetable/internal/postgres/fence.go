package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// fenceTimeout bounds how long a new connection waits for the standbys. Who is given up
// goes on waiting in the server, so it is long.
const fenceTimeout = 10 * time.Minute

// The server of a connection: its line of history, and when it was started.
const selectServer = `SELECT (` + selectEpoch + `), pg_postmaster_start_time()`

// A commit of its own ends when the standbys that commits wait for have it, and so all
// that could be seen before.
const commitNothing = `SELECT pg_logical_emit_message(true, 'igloo', '')`

// fence lets connections to a server be used once nothing is seen there that a failover
// loses. A primary that crashed shows when it is back what its commits had not yet told a
// standby; while it runs they are not seen before. One that was promoted shows what it had
// as a standby.
type fence struct {
	turn   chan struct{} // one asks at a time, and others rely on it
	behind server        // known to be safe
}

type server struct {
	Epoch   string
	Started time.Time
}

func newFence() *fence { return &fence{turn: make(chan struct{}, 1)} }

// pass returns when the connection may be used.
func (f *fence) pass(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, fenceTimeout)
	defer cancel()
	var now server
	err := conn.QueryRow(ctx, selectServer, pgx.QueryExecModeExec).Scan(&now.Epoch, &now.Started)
	if err != nil {
		return fmt.Errorf("ask which server it is: %w", err)
	}
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !now.follows(f.behind) {
		if _, err := conn.Exec(ctx, commitNothing, pgx.QueryExecModeExec); err != nil {
			return fmt.Errorf("wait for the standbys: %w", err)
		}
	}
	f.behind = now
	return nil
}

// follows reports whether a server is one that is known to be safe, or has taken over from it.
func (s server) follows(safe server) bool {
	return s.Epoch == safe.Epoch && s.Started.Equal(safe.Started) || safe.Epoch != "" && s.Epoch > safe.Epoch
}
