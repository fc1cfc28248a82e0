package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
)

// The statements that pgbench runs: a point read, and a conditional update and
// nothing else.
const (
	bareRead = `\set id random(1000000, 1999999)
SELECT database_id, table_id, kind, uuid, version, metadata_location, storage_type, creation_time_ms, created_at, updated_at
FROM house_table WHERE warehouse_id = 'default' AND database_key = 'db' AND family = 0 AND table_key = :id;
`
	bareUpdate = `\set id :first + :client_id * :share + :n
\set n :n + 1
UPDATE house_table SET version = version + 1, updated_at = now(),
	metadata_location = 's3://warehouse/db/1000000/metadata/00001-3f0c6d4e-8a57-4c1f-9d1b-6e2f8a7b9c0d.metadata.json'
WHERE warehouse_id = 'default' AND database_key = 'db' AND family = 0 AND table_key = :id AND version = 1;
`
)

var rateOfPgbench = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)

// pgbench runs a script with prepared statements in clients connections and
// returns its rate a second.
func (w *world) pgbench(b *testing.B, script string, clients int, options ...string) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.Fatal(err)
	}
	args := append([]string{
		"-h", "127.0.0.1", "-p", strconv.Itoa(w.cluster.Port), "-U", "postgres", "-n", "-M", "prepared", "-f", file,
		"-c", strconv.Itoa(clients), "-j", "2",
	}, options...)
	out, err := exec.CommandContext(b.Context(), filepath.Join(pgtest.Binaries(b), "pgbench"), append(args, w.many.database)...).CombinedOutput()
	if err != nil {
		b.Fatalf("pgbench: %v\n%s", err, out)
	}
	found := rateOfPgbench.FindSubmatch(out)
	if found == nil {
		b.Fatalf("pgbench printed no rate:\n%s", out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

// pgbenchUpdates changes a range of tables, each once.
func (w *world) pgbenchUpdates(b *testing.B, first, tables int) float64 {
	b.Helper()
	share := tables / bareClients
	return w.pgbench(b, bareUpdate, bareClients, "-t", strconv.Itoa(share), "-D", "n=0",
		"-D", fmt.Sprint("first=", first), "-D", fmt.Sprint("share=", share))
}
