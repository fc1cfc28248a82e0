package chaos_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const (
	replicas     = 2
	startTimeout = 30 * time.Second
)

// program is one replica of a service, which dies and comes back on its address.
type program struct {
	path, ready string
	args        []string

	mu      sync.Mutex
	process *proctest.Process
}

func (p *program) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	process, err := proctest.Start(proctest.Command{Path: p.path, Args: p.args})
	if err == nil {
		p.process = process
	}
	return err
}

func (p *program) kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process.Kill()
}

// pause stops the program for a while, as a long collection or a migrated
// machine would; it wakes up believing that no time has passed.
func (p *program) pause(d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(d)
	return p.process.Signal(syscall.SIGCONT)
}

// lastWords are the end of what the program wrote, short enough to leave in sight what
// the test found.
func (p *program) lastWords() string {
	const limit = 4 << 10
	output := p.process.Output()
	return output[max(0, len(output)-limit):]
}

// died reports whether the program has ended.
func (p *program) died() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.process.Done():
		return true
	default:
		return false
	}
}

// stop is pause without an end.
func (p *program) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process.Signal(syscall.SIGSTOP)
}

func (p *program) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !iglootest.Answers(ctx, p.ready) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready at %s:\n%s", p.path, p.ready, p.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// cluster is Igloo as it runs in production: replicas of both services, Postgres
// with a standby that its commits wait for, a Redis, and a proxy wherever one of
// them speaks to another.
type cluster struct {
	primary     *pgtest.Cluster
	standby     *pgtest.Cluster
	redis       *redistest.Server
	housetables []*program
	catalogs    []*program
	grpc        []string // where the house table services listen
	warehouse   string   // the folder of all tables
	urls        []string // of the catalogs, behind their proxies

	// The proxies, one a replica of what stands before the arrow.
	toCatalogs, catalogsToHouseTables, catalogsToRedis, houseTablesToPostgres []*nettest.Proxy
}

// newCluster starts everything; settings are flags of the catalogs.
func newCluster(t *testing.T, settings ...string) *cluster {
	t.Helper()
	c := &cluster{redis: redistest.New(t)}
	c.startPostgres(t)
	migrate(t, iglootest.Program(t, "housetable"), c.primary.URL("postgres"))
	c.warehouse = filepath.Join(t.TempDir(), "warehouse")
	for range replicas {
		c.addHouseTable(t)
	}
	for i := range replicas {
		c.addCatalog(t, c.grpc[i], settings...)
	}
	c.startAll(t)
	return c
}

func (c *cluster) startPostgres(t *testing.T) {
	t.Helper()
	pgtest.Binaries(t)
	primary, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.primary = primary
	t.Cleanup(func() { _ = c.primary.Stop() })
	c.standby, err = primary.Standby(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.standby.Stop() })
}

// failover loses the primary for good: the standby takes over, and gets one of
// its own.
func (c *cluster) failover(ctx context.Context) error {
	if err := c.primary.Stop(); err != nil {
		return err
	}
	if err := c.standby.Promote(ctx); err != nil {
		return err
	}
	c.primary = c.standby
	for _, p := range c.houseTablesToPostgres {
		p.Lead(address(c.primary))
	}
	standby, err := c.primary.Standby(ctx, 0)
	if err == nil {
		c.standby = standby
	}
	return err
}

func address(c *pgtest.Cluster) string { return fmt.Sprintf("127.0.0.1:%d", c.Port) }

// migrate has a house table service of some version make its tables.
func migrate(t *testing.T, housetable, database string) {
	t.Helper()
	out, err := exec.Command(housetable, "migrate", "--database-url", database).CombinedOutput()
	if err != nil {
		t.Fatalf("housetable migrate: %v\n%s", err, out)
	}
}

func (c *cluster) addHouseTable(t *testing.T) {
	t.Helper()
	grpc, rest := iglootest.Address(t), iglootest.Address(t)
	toPostgres := nettest.NewProxy(t, address(c.primary))
	c.grpc, c.houseTablesToPostgres = append(c.grpc, grpc), append(c.houseTablesToPostgres, toPostgres)
	database := fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", toPostgres.Addr())
	c.housetables = append(c.housetables, &program{
		path:  iglootest.Program(t, "housetable"),
		args:  []string{"serve", "--grpc-listen", grpc, "--http-listen", rest, "--database-url", database, "--job-reap-interval", "200ms"},
		ready: "http://" + rest + "/readyz",
	})
}

func (c *cluster) addCatalog(t *testing.T, grpc string, settings ...string) {
	t.Helper()
	listen := iglootest.Address(t)
	front, toHouseTable := nettest.NewProxy(t, listen), nettest.NewProxy(t, grpc)
	toRedis := nettest.NewProxy(t, strings.TrimSuffix(strings.TrimPrefix(c.redis.URL(), "redis://"), "/0"))
	c.toCatalogs, c.urls = append(c.toCatalogs, front), append(c.urls, "http://"+front.Addr())
	c.catalogsToHouseTables = append(c.catalogsToHouseTables, toHouseTable)
	c.catalogsToRedis = append(c.catalogsToRedis, toRedis)
	c.catalogs = append(c.catalogs, &program{
		path: iglootest.Program(t, "catalog"),
		args: append([]string{
			"serve", "--listen", listen, "--housetable", toHouseTable.Addr(),
			"--redis-url", "redis://" + toRedis.Addr() + "/0", "--warehouse-root", "file://" + c.warehouse,
		}, settings...),
		ready: "http://" + listen + "/readyz",
	})
}

// proxies are all of them.
func (c *cluster) proxies() []*nettest.Proxy {
	return slices.Concat(c.toCatalogs, c.catalogsToHouseTables, c.catalogsToRedis, c.houseTablesToPostgres)
}

func (c *cluster) programs() []*program {
	return slices.Concat(c.housetables, c.catalogs)
}

func (c *cluster) startAll(t *testing.T) {
	t.Helper()
	for _, p := range c.programs() {
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = p.kill()
			if t.Failed() {
				t.Logf("%s wrote last:\n%s", p.path, p.lastWords())
			}
		})
	}
	c.waitReady(t)
}

func (c *cluster) waitReady(t *testing.T) {
	t.Helper()
	for _, p := range c.programs() {
		if err := p.waitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
