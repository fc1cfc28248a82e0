package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// bareTurn is how many statements a turn has, however long it takes: what its new
// connections cost is always the same share.
const bareTurn = 3200

// The statements that pgbench runs on rows as tables have them: a point read, and a
// conditional update and nothing else.
const (
	bareSelect = `\set id random(1, 10000)
SELECT database_id, table_id, kind, uuid, version, metadata_location, storage_type, creation_time_ms, created_at, updated_at
FROM house_table WHERE warehouse_id = 'default' AND database_key = 'db' AND family = 0 AND table_key = :id::text;
`
	updateRow = `UPDATE house_table SET version = version + 1, updated_at = now(),
	metadata_location = 's3://warehouse/db/1000000/metadata/00001-3f0c6d4e-8a57-4c1f-9d1b-6e2f8a7b9c0d.metadata.json'
WHERE warehouse_id = 'default' AND database_key = 'db' AND family = 0 AND version > 0 AND table_key = `
	bareUpdate = `\set id random(1, 10000)
` + updateRow + `:id::text;
`
	// changedRow is that update, of the row that is its parameter.
	changedRow    = updateRow + `$1`
	bareRowCount  = 10_000
	bareNamespace = `INSERT INTO namespace (warehouse_id, database_key, database_id, properties, version) VALUES ('default', 'db', 'db', '{}', 1)`
	bareRows      = `INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version, metadata_location, storage_type)
		SELECT 'default', 'db', 0, i::text, 'db', i::text, 1, gen_random_uuid(), 1,
			's3://warehouse/db/' || i || '/metadata/00000-3f0c6d4e-8a57-4c1f-9d1b-6e2f8a7b9c0d.metadata.json', 's3'
		FROM generate_series(1, 10000) i`
)

// newPgbench is a Postgres with some tables, and no service.
func newPgbench(b *testing.B) *contestant {
	b.Helper()
	c := &contestant{}
	c.ownPostgres(b)
	c.migrate(b)
	c.execute(b, bareNamespace, bareRows, "VACUUM ANALYZE")
	return c
}

// asking has pgbench run a script. Its own CPU is a client's and not counted.
func (c *contestant) asking(b *testing.B, operation, name, script string, connections int) *entry {
	b.Helper()
	file, program := filepath.Join(b.TempDir(), "script.sql"), filepath.Join(pgtest.Binaries(b), "pgbench")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.Fatal(err)
	}
	named := *c
	named.name = name
	ask := func(ctx context.Context, _ load.Plan) (load.Result, error) {
		out, err := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-f", file, "-j", "2",
			"-c", strconv.Itoa(connections), "-t", strconv.Itoa(bareTurn/connections), c.database()).CombinedOutput()
		if err != nil {
			return load.Result{}, fmt.Errorf("pgbench: %w\n%s", err, out)
		}
		return told(out, connections)
	}
	e := named.enter(operation, connections, func(context.Context) (taker, error) { return ask, nil })
	e.shut = true
	return e
}

var (
	doneByPgbench = regexp.MustCompile(`number of transactions actually processed: ([0-9]+)`)
	rateOfPgbench = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)
)

// told is what pgbench says of its run.
func told(out []byte, connections int) (load.Result, error) {
	done, rate := doneByPgbench.FindSubmatch(out), rateOfPgbench.FindSubmatch(out)
	if done == nil || rate == nil {
		return load.Result{}, fmt.Errorf("pgbench told no rate:\n%s", out)
	}
	number, err := strconv.ParseInt(string(done[1]), 10, 64)
	if err != nil {
		return load.Result{}, err
	}
	each, err := strconv.ParseFloat(string(rate[1]), 64)
	if err != nil || each == 0 {
		return load.Result{}, fmt.Errorf("pgbench told a rate of %s: %w", rate[1], err)
	}
	elapsed := time.Duration(float64(number) / each * float64(time.Second))
	return load.Result{Connections: connections, Elapsed: elapsed, Done: number, Tries: number}, nil
}
