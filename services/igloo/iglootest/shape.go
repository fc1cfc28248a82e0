package iglootest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/pkg/seal"
)

// Shape is one way to run Igloo.
type Shape struct {
	Name string
	// Start runs Igloo until the test ends. The settings are flags of the
	// program that serves /v1.
	Start func(t *testing.T, settings ...string) *Deployment
	// StartGuarded runs it for callers who say who they are, by tokens of corp, and may do
	// what they are granted; corp:owner may do everything. The settings are flags of
	// every program.
	StartGuarded func(t *testing.T, corp *idptest.Provider, settings ...string) *Deployment
}

// Shapes are all ways to run Igloo.
func Shapes() []Shape {
	return []Shape{{"embedded", startEmbedded, guardEmbedded}, {"split", startSplit, guardSplit}}
}

// Deployment is a running Igloo.
type Deployment struct {
	// URL serves /v1; HTS serves /hts.
	URL, HTS string
	// Redis is what replicas share; nil where there is none.
	Redis *redistest.Server
	// Root is the credential of who may do everything, where a program issues tokens
	// itself: "root:…".
	Root string
	// parts are the programs, in the order they are started in.
	parts []*part
}

// Outputs are what each program has written.
func (d *Deployment) Outputs() []string {
	outputs := make([]string, len(d.parts))
	for i, p := range d.parts {
		outputs[i] = p.process.Output()
	}
	return outputs
}

// Output is what the program that serves /v1 has written.
func (d *Deployment) Output() string { return d.parts[len(d.parts)-1].process.Output() }

// PIDs are the programs' process ids.
func (d *Deployment) PIDs() []int {
	ids := make([]int, len(d.parts))
	for i, p := range d.parts {
		ids[i] = p.process.PID()
	}
	return ids
}

// Kill ends every program at once, as a power cut would.
func (d *Deployment) Kill(t *testing.T) {
	t.Helper()
	for _, p := range d.parts {
		if err := p.process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// Stop asks every program to end, and waits until they have, without a failure.
func (d *Deployment) Stop(t *testing.T) {
	t.Helper()
	for _, p := range slices.Backward(d.parts) {
		if err := p.process.Stop(stopTimeout); err != nil {
			t.Fatalf("%s: %v\n%s", p.path, err, p.process.Output())
		}
	}
}

// Signal sends a signal to the program that serves /v1.
func (d *Deployment) Signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := d.parts[len(d.parts)-1].process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// KillHouseTables ends the house table service alone.
func (d *Deployment) KillHouseTables(t *testing.T) {
	t.Helper()
	if err := d.parts[0].process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// Restart starts every program anew on what it left behind.
func (d *Deployment) Restart(t *testing.T) {
	t.Helper()
	for _, p := range d.parts {
		p.start(t)
	}
}

// Replica runs the program that serves /v1 once more, with the same settings on
// an address of its own, until the test ends. Its result is the replica's URL.
// `igloo serve` has no replicas: its data folder is one process's.
func (d *Deployment) Replica(t *testing.T) string {
	t.Helper()
	first, listen := d.parts[len(d.parts)-1], Address(t)
	args := slices.Clone(first.args)
	args[slices.Index(args, "--listen")+1] = listen
	if internal := slices.Index(args, "--internal-listen"); internal >= 0 {
		args[internal+1] = Address(t)
	}
	url := "http://" + listen
	deploy(t, &Deployment{parts: []*part{{path: first.path, args: args, ready: url + "/readyz"}}})
	return url
}

// Twin runs both services once more on the same database, with the same settings,
// until the test ends. Its result is the catalog's URL, whose house table service
// nobody else asks.
func (d *Deployment) Twin(t *testing.T) string {
	t.Helper()
	grpc, rest, listen, internal := Address(t), Address(t), Address(t), Address(t)
	housetable, catalog := d.parts[0], d.parts[1]
	url := "http://" + listen
	deploy(t, &Deployment{parts: []*part{
		{path: housetable.path, ready: "http://" + rest + "/readyz", args: with(housetable.args, "--grpc-listen", grpc, "--http-listen", rest, "--prober", internal)},
		{path: catalog.path, ready: url + "/readyz", args: with(catalog.args, "--listen", listen, "--housetable", grpc, "--internal-listen", internal)},
	}})
	return url
}

// with are arguments in which flags have other values.
func with(args []string, flags ...string) []string {
	args = slices.Clone(args)
	for flag := range slices.Chunk(flags, 2) {
		args[slices.Index(args, flag[0])+1] = flag[1]
	}
	return args
}

func deploy(t *testing.T, d *Deployment) *Deployment {
	t.Helper()
	t.Cleanup(func() {
		for _, p := range d.parts {
			if p.process == nil {
				continue
			}
			_ = p.process.Kill()
			if t.Failed() {
				t.Logf("%s wrote:\n%s", filepath.Base(p.path), p.process.Output())
			}
		}
	})
	d.Restart(t)
	return d
}

// sealKeys is a file with a key to seal secrets with.
func sealKeys(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seal-keys")
	if err := os.WriteFile(file, []byte(seal.NewKey("test")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func startEmbedded(t *testing.T, settings ...string) *Deployment {
	t.Helper()
	listen := Address(t)
	url := "http://" + listen
	return deploy(t, &Deployment{URL: url, HTS: url, parts: []*part{{
		path:  Program(t, "igloo"),
		args:  append([]string{"serve", "--listen", listen, "--data-dir", filepath.Join(t.TempDir(), "data"), "--seal-keys-file", sealKeys(t)}, settings...),
		ready: url + "/readyz",
	}}})
}

func startSplit(t *testing.T, settings ...string) *Deployment {
	t.Helper()
	return Split(t, settings, nil)
}

// Split runs the services split until the test ends, each with flags of its own.
func Split(t *testing.T, catalog, housetables []string) *Deployment {
	t.Helper()
	return split(t, "http://", nil, catalog, housetables)
}

func split(t *testing.T, scheme string, client *http.Client, catalog, housetables []string) *Deployment {
	t.Helper()
	database, redis := pgtest.New(t, nil), redistest.New(t)
	housetable := Program(t, "housetable")
	if out, err := exec.Command(housetable, "migrate", "--database-url", database).CombinedOutput(); err != nil { //nolint:gosec,noctx // a program of ours, which ends by itself
		t.Fatalf("housetable migrate: %v\n%s", err, out)
	}
	grpc, rest, listen, internal, keys := Address(t), Address(t), Address(t), Address(t), sealKeys(t)
	return deploy(t, &Deployment{URL: scheme + listen, HTS: scheme + rest, Redis: redis, parts: []*part{
		{
			path: housetable,
			args: append([]string{
				"serve", "--grpc-listen", grpc, "--http-listen", rest, "--database-url", database,
				"--prober", internal, "--seal-keys-file", keys,
			}, housetables...),
			ready: scheme + rest + "/readyz", client: client,
		},
		{
			path: Program(t, "catalog"),
			args: append([]string{
				"serve", "--listen", listen, "--housetable", grpc, "--redis-url", redis.URL(),
				"--internal-listen", internal, "--seal-keys-file", keys,
				"--warehouse-root", "file://" + filepath.Join(t.TempDir(), "warehouse"),
			}, catalog...),
			ready: scheme + listen + "/readyz", client: client,
		},
	}})
}
