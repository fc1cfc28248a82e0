package bench

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// firstID is the first table's name: all have as many digits, so that they are
// in the order of the numbers that pgbench counts with.
const firstID = 1_000_000

// location is a metadata location of usual length.
func location(id, version int) string {
	return fmt.Sprintf("s3://warehouse/db/%d/metadata/%05d-3f0c6d4e-8a57-4c1f-9d1b-6e2f8a7b9c0d.metadata.json", id, version)
}

// fill migrates a database and copies tables into its namespace "db".
func fill(b *testing.B, url string, tables int) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	if err := server.Migrate(ctx, url); err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	must(b, conn, `INSERT INTO namespace (warehouse_id, database_key, database_id, properties, version) VALUES ('default', 'db', 'db', '{}', 1)`)
	copied, err := conn.CopyFrom(ctx, pgx.Identifier{"house_table"}, []string{
		"warehouse_id", "database_key", "family", "table_key", "database_id", "table_id", "kind", "uuid", "version", "metadata_location", "storage_type",
	}, pgx.CopyFromSlice(tables, func(i int) ([]any, error) {
		id := strconv.Itoa(firstID + i)
		uuid := [16]byte{byte(i), byte(i >> 8), byte(i >> 16), 15: 1}
		return []any{"default", "db", int16(0), id, "db", id, int16(1), uuid, int64(1), location(firstID+i, 0), "s3"}, nil
	}))
	if err != nil || copied != int64(tables) {
		b.Fatalf("copied %d tables: %v", copied, err)
	}
	must(b, conn, folders)
	must(b, conn, "SET session_replication_role = replica") // no foreign key is looked up
	must(b, conn, holds)
	must(b, conn, "VACUUM ANALYZE")
}

const (
	folders = `INSERT INTO table_hold (warehouse_id, hold, parent) VALUES ('default', 'l:s3:', NULL), ('default', 'l:s3:/', 'l:s3:'),
		('default', 'l:s3://warehouse', 'l:s3:/'), ('default', 'l:s3://warehouse/db', 'l:s3://warehouse')`
	// holds gives each table a location and a uuid.
	holds = `INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid)
		SELECT warehouse_id, 'l:s3://warehouse/db/' || table_key, 'l:s3://warehouse/db', uuid FROM house_table
		UNION ALL SELECT warehouse_id, 'u:' || gen_random_uuid(), NULL, uuid FROM house_table`
)

// execute runs one statement on one database.
func (w *world) execute(b *testing.B, database, statement string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), w.cluster.URL(database))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(b.Context()) }()
	must(b, conn, statement)
}

func must(b *testing.B, conn *pgx.Conn, statement string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, statement); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

// checkSwapped makes sure that of a range of tables each was changed once.
func (w *world) checkSwapped(b *testing.B, first, tables int) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), w.cluster.URL(w.many.database))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(b.Context()) }()
	var changed int
	err = conn.QueryRow(b.Context(), `SELECT count(*) FROM house_table WHERE warehouse_id = 'default' AND database_key = 'db' AND family = 0
		AND table_key >= $1 AND table_key < $2 AND version = 2`, strconv.Itoa(first), strconv.Itoa(first+tables)).Scan(&changed)
	if err != nil || changed != tables {
		b.Fatalf("%d of %d tables were changed, %v", changed, tables, err)
	}
}

// fresh is a range of tables that nobody has changed yet.
func (w *world) fresh(b *testing.B, tables int) (first int) {
	b.Helper()
	first = w.next
	if w.next += tables; w.next > firstID+many {
		b.Fatal("all tables were changed already")
	}
	return first
}
