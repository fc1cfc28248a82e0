package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// takeover bounds the time until a standby has taken over, and the lost primary is
// its standby.
const takeover = 4 * time.Minute

// patroni is a Postgres of two nodes that fails over by itself, and the etcd that its
// nodes agree in.
type patroni struct {
	bin   string
	user  *proctest.User
	etcd  int // port
	nodes []*node
}

// node is one Postgres with the Patroni that runs it.
type node struct {
	name, dir      string
	postgres, rest int // ports
	process        *proctest.Process
}

func newPatroni(t *testing.T) *patroni {
	t.Helper()
	user, err := proctest.Unprivileged("postgres")
	if err != nil {
		t.Fatal(err)
	}
	p := &patroni{bin: pgtest.Binaries(t), user: user, etcd: proctest.Port(t)}
	p.startEtcd(t)
	for i := range replicas {
		n := &node{name: fmt.Sprintf("pg%d", i), dir: p.folder(t), postgres: proctest.Port(t), rest: proctest.Port(t)}
		p.nodes = append(p.nodes, n)
		if err := p.start(n); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = n.crash()
			if t.Failed() {
				t.Logf("%s wrote:\n%s", n.name, n.process.Output())
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), takeover)
	defer cancel()
	if _, err := p.settled(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

// folder is one that the user of Postgres may enter and nobody else.
func (p *patroni) folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(proctest.ScratchDir(), "igloo-patroni-") //nolint:usetesting // what t.TempDir makes is closed to Postgres' user
	if err == nil {
		err = p.user.Own(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *patroni) startEtcd(t *testing.T) {
	t.Helper()
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", p.etcd), fmt.Sprintf("http://127.0.0.1:%d", proctest.Port(t))
	etcd, err := proctest.Start(proctest.Command{Path: proctest.Program(t, "etcd", "deps-ha"), User: p.user, Args: []string{
		"--data-dir", filepath.Join(p.folder(t), "etcd"), "--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer, "--log-level", "error",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = etcd.Kill() })
}

const nodeSettings = `
scope: igloo
name: %[1]s
etcd3: {hosts: "127.0.0.1:%[2]d"}
restapi: {listen: "127.0.0.1:%[3]d", connect_address: "127.0.0.1:%[3]d"}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 8
    synchronous_mode: true
    postgresql: {use_slots: true, parameters: {max_connections: 200}}
  initdb: [{encoding: UTF8}, {locale: C}, {auth: trust}, no-sync]
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
postgresql:
  listen: "127.0.0.1:%[4]d"
  connect_address: "127.0.0.1:%[4]d"
  bin_dir: %[5]s
  data_dir: %[6]s/data
  pgpass: %[6]s/pgpass
  remove_data_directory_on_diverged_timelines: true
  authentication: {superuser: {username: postgres}, replication: {username: replicator}}
  parameters: {unix_socket_directories: %[6]s, fsync: "off", shared_buffers: 64MB, log_min_messages: fatal}
`

func (p *patroni) start(n *node) error {
	file := filepath.Join(n.dir, "patroni.yml")
	text := fmt.Sprintf(nodeSettings, n.name, p.etcd, n.rest, n.postgres, p.bin, n.dir)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	process, err := proctest.Start(proctest.Command{Path: "patroni", Args: []string{file}, User: p.user, Dir: n.dir})
	n.process = process
	return err
}

// crash ends Patroni and Postgres at once, as the loss of their machine would. Patroni
// has ended only when Postgres has, which writes to where it writes.
func (n *node) crash() error {
	_ = n.process.Signal(syscall.SIGKILL)
	if said, err := os.ReadFile(filepath.Join(n.dir, "data", "postmaster.pid")); err == nil {
		first, _, _ := strings.Cut(string(said), "\n")
		if pid, err := strconv.Atoi(first); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // its backends end when they see it
		}
	}
	return n.process.Kill()
}

// url names all servers, as docs/database.md says.
func (p *patroni) url() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write",
		p.nodes[0].postgres, p.nodes[1].postgres)
}

// failover loses the primary, and returns when the other node has taken over, the lost
// one is its standby, and commits wait for that.
func (p *patroni) failover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, takeover)
	defer cancel()
	lost, err := p.settled(ctx)
	if err != nil {
		return err
	}
	if err := lost.crash(); err != nil {
		return err
	}
	// Who comes back before the lock is free takes it again.
	for name := lost.name; name == lost.name; name = p.roles(ctx)["leader"].called(name) {
		if err := pause(ctx); err != nil {
			return err
		}
	}
	if err := p.start(lost); err != nil {
		return err
	}
	_, err = p.settled(ctx)
	return err
}

// called is a node's name, or another one where there is no node.
func (n *node) called(otherwise string) string {
	if n == nil {
		return otherwise
	}
	return n.name
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}

// settled waits for a leader, and for a standby that its commits wait for.
func (p *patroni) settled(ctx context.Context) (*node, error) {
	for {
		roles := p.roles(ctx)
		if roles["leader"] != nil && roles["sync_standby"] != nil {
			return roles["leader"], nil
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("no leader with a standby: %w\n%s\n%s", err, p.nodes[0].process.Output(), p.nodes[1].process.Output())
		}
	}
}

// roles are the nodes that run, by what they say of themselves.
func (p *patroni) roles(ctx context.Context) map[string]*node {
	roles := map[string]*node{}
	for _, n := range p.nodes {
		if role, runs := n.cluster(ctx)[n.name]; runs {
			roles[role] = n
		}
	}
	return roles
}

// cluster is what a node says of the roles of all that run.
func (n *node) cluster(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/cluster", n.rest), http.NoBody)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var said struct {
		Members []struct{ Name, Role, State string }
	}
	if json.NewDecoder(response.Body).Decode(&said) != nil {
		return nil
	}
	roles := map[string]string{}
	for _, m := range said.Members {
		if m.State == "running" || m.State == "streaming" {
			roles[m.Name] = m.Role
		}
	}
	return roles
}
