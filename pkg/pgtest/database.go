package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// databaseTimeout bounds the making and the dropping of one database.
const databaseTimeout = 30 * time.Second

// Migrate brings the database at url to the schema that a test needs.
type Migrate func(ctx context.Context, url string) error

// templates remembers the template database of each Migrate function.
var templates struct {
	sync.Mutex
	made map[uintptr]string
}

// serial numbers the databases of this process.
var serial atomic.Int64

// New returns the URL of a database of the test's own, migrated by migrate (nil
// for an empty one), dropped when the test ends.
func New(t testing.TB, migrate Migrate) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	server := serverURL(t)
	template, err := templateFor(ctx, server, migrate)
	if err != nil {
		t.Fatalf("migrate the template database: %v", err)
	}
	name := databaseName("test")
	if err := execute(ctx, server, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("clone the template database: %v", err)
	}
	t.Cleanup(func() { dropDatabase(t, server, name) })
	return onDatabase(server, name)
}

// serverURL is the cluster that tests share: the one that TEST_POSTGRES_URL
// names, or the process's own.
func serverURL(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("TEST_POSTGRES_URL"); named != "" {
		return named
	}
	cluster, err := shared()
	if errors.Is(err, errNotInstalled) {
		proctest.Absent(t, err, "deps")
	}
	if err != nil {
		t.Fatalf("start Postgres: %v", err)
	}
	return cluster.URL("postgres")
}

// templateFor migrates a database once for each migrate function: clones of it
// cost a file copy instead of a run of the migrations.
func templateFor(ctx context.Context, server string, migrate Migrate) (string, error) {
	if migrate == nil {
		return "template0", nil
	}
	templates.Lock()
	defer templates.Unlock()
	key := reflect.ValueOf(migrate).Pointer()
	if name, ok := templates.made[key]; ok {
		return name, nil
	}
	name := databaseName("template")
	if err := execute(ctx, server, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	if err := migrate(ctx, onDatabase(server, name)); err != nil {
		return "", err
	}
	if templates.made == nil {
		templates.made = map[uintptr]string{}
	}
	templates.made[key] = name
	return name, nil
}

// databaseName is unique in a cluster that several test processes may share.
func databaseName(role string) string {
	return fmt.Sprintf("igloo_%s_%d_%d", role, os.Getpid(), serial.Add(1))
}

func dropDatabase(t testing.TB, server, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	if err := execute(ctx, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		t.Logf("drop database %s: %v", name, err)
	}
}

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func onDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}
