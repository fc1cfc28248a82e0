package bench

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// startTimeout bounds each step of getting ready.
const startTimeout = 2 * time.Minute

// durable are settings of Postgres: commits are, and nothing runs by the clock that
// would be charged to whoever is at work then.
var durable = []string{
	"fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_wal_size=16GB", "checkpoint_timeout=1h", "autovacuum=off",
}

// contestant is a running catalog with all that serves it and nobody else, so that
// CPU can be charged to it.
type contestant struct {
	name     string
	target   load.Target
	services []int           // ids of its own processes
	postgres *pgtest.Cluster // nil where it has none
	store    []int           // ids of its S3 server's
	other    bool            // no Igloo
	// does reports whether it takes part; nil is in everything.
	does func(operation string, connections int) bool
}

// use is CPU that was used: by the catalog, its database, and the storage.
type use struct{ services, postgres, store time.Duration }

// all is that of the three.
func (u use) all() time.Duration { return u.services + u.postgres + u.store }

func (u use) since(before use) use {
	return use{u.services - before.services, u.postgres - before.postgres, u.store - before.store}
}

func (c *contestant) used(b testing.TB) use {
	b.Helper()
	var u use
	var err error
	if u.services, err = benchtest.CPU(c.services...); err != nil {
		b.Fatal(err)
	}
	if u.store, err = benchtest.CPU(c.store...); err != nil {
		b.Fatal(err)
	}
	if c.postgres != nil {
		if u.postgres, err = benchtest.FamilyCPU(c.postgres.PID()); err != nil {
			b.Fatal(err)
		}
	}
	return u
}

// run starts a program of the contestant's, which ends with the benchmark, and
// waits until the URL answers.
func (c *contestant) run(b *testing.B, command proctest.Command, ready string) {
	b.Helper()
	c.begin(b, command, func(ctx context.Context) error {
		if !iglootest.Answers(ctx, ready) {
			return errNotReady
		}
		return nil
	})
}

func (c *contestant) begin(b *testing.B, command proctest.Command, ready func(context.Context) error) {
	b.Helper()
	process, err := proctest.Start(command)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = process.Kill() })
	c.services = append(c.services, process.PID())
	proctest.Await(b, process, startTimeout, ready)
}

// oneProcessor is for programs of which there are several in the place of one: as many
// as the chart gives a service that asks for the least.
const oneProcessor = "GOMAXPROCS=1"

// igloo runs one of Igloo's programs: what is a service by itself on one processor, and
// what is everything on all that there are, as those of others.
func (c *contestant) igloo(b *testing.B, name, listen string, settings ...string) {
	b.Helper()
	env := keys()
	if name != everything {
		env = append(env, oneProcessor)
	}
	command := proctest.Command{Path: iglootest.Program(b, name), Args: append([]string{"serve"}, settings...), Env: env}
	c.run(b, command, "http://"+listen+"/readyz")
}

// catalog runs a catalog and returns its URL.
func (c *contestant) catalog(b *testing.B, settings ...string) string {
	b.Helper()
	listen := iglootest.Address(b)
	c.igloo(b, "catalog", listen, append([]string{"--listen", listen}, settings...)...)
	return "http://" + listen
}

// houseTables runs a house table service on the contestant's Postgres and returns
// its address.
func (c *contestant) houseTables(b *testing.B, settings ...string) string {
	b.Helper()
	grpc, rest := iglootest.Address(b), iglootest.Address(b)
	c.igloo(b, "housetable", rest, append([]string{"--grpc-listen", grpc, "--http-listen", rest, "--database-url", c.database()}, settings...)...)
	return grpc
}

func (c *contestant) database() string { return c.postgres.URL("postgres") }

// ownPostgres starts a server; more settings come after those that everybody has.
func (c *contestant) ownPostgres(b *testing.B, more ...string) {
	b.Helper()
	pgtest.Binaries(b)
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	postgres, err := pgtest.Start(ctx, append(durable, more...)...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = postgres.Stop() })
	c.postgres = postgres
}

// migrate makes the tables of the contestant's database.
func (c *contestant) migrate(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ctx, iglootest.Program(b, "housetable"), "migrate", "--database-url", c.database()).CombinedOutput(); err != nil {
		b.Fatalf("housetable migrate: %v\n%s", err, out)
	}
}

// execute runs statements on the contestant's database.
func (c *contestant) execute(b *testing.B, statements ...string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 5*startTimeout)
	defer cancel()
	for _, statement := range statements {
		psql := exec.CommandContext(ctx, filepath.Join(pgtest.Binaries(b), "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", c.database(), "-c", statement)
		if out, err := psql.CombinedOutput(); err != nil {
			b.Fatalf("psql: %v\n%s", err, out)
		}
	}
}

func (c *contestant) ownStore(b *testing.B) *s3test.Server {
	b.Helper()
	store := s3test.NewKeepingConnections(b)
	c.store = []int{store.PID()}
	return store
}

// memory is what the contestant's own processes have in memory, in MB.
func (c *contestant) memory(b *testing.B) float64 {
	b.Helper()
	var all int64
	for _, pid := range c.services {
		bytes, err := benchtest.Resident(pid)
		if err != nil {
			b.Fatal(err)
		}
		all += bytes
	}
	const megabyte = 1e6
	return benchtest.Rounded(float64(all) / megabyte)
}

// keys are what the tools of Amazon find the storage's by.
func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretAccessKey, "AWS_REGION=" + s3test.Region}
}

func javaURL(c *contestant) string {
	return "jdbc:" + strings.Replace(c.database(), "postgres://postgres@", "postgresql://", 1)
}
