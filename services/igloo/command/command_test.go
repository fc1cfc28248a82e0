package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/services/igloo"
	"github.com/igloo-catalog/igloo/services/igloo/command"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve runs a whole Igloo until the test ends and returns its URL and folder.
func serve(t *testing.T, change func(*igloo.Config)) (address, folder string) {
	t.Helper()
	cfg := igloo.Config{Listen: "127.0.0.1:0", DataDir: filepath.Join(t.TempDir(), "data")}
	if change != nil {
		change(&cfg)
	}
	server, err := igloo.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
	check(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	t.Cleanup(func() { stop(); check(t, <-ended) })
	return server.URL(), cfg.DataDir
}

// shell is where commands are run.
type shell struct {
	env   map[string]string
	stdin string
}

func at(server string) shell { return shell{env: map[string]string{"IGLOO_SERVER": server}} }

type program struct {
	Warehouses  command.Warehouses  `cmd:""`
	Namespaces  command.Namespaces  `cmd:""`
	Tables      command.Tables      `cmd:""`
	Views       command.Views       `cmd:""`
	Jobs        command.Jobs        `cmd:""`
	Roles       command.Roles       `cmd:""`
	Grants      command.Grants      `cmd:""`
	Explain     command.Explain     `cmd:""`
	Bench       command.Bench       `cmd:""`
	Doctor      command.Doctor      `cmd:""`
	Export      command.Export      `cmd:""`
	Import      command.Import      `cmd:""`
	MigrateFrom command.MigrateFrom `cmd:""`
	ImportRows  command.ImportRows  `cmd:""`
	Completion  command.Completion  `cmd:""`
	Complete    command.Complete    `cmd:"" hidden:""`
	Manual      command.Manual      `cmd:""`
}

// run is what a command writes, and how it ends.
func (s shell) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out := &strings.Builder{}
	err := settings.Run(t.Context(), settings.App{
		Name: "igloo", Commands: &program{}, Args: args, Stdin: strings.NewReader(s.stdin), Stdout: out, Stderr: io.Discard,
		LookupEnv: func(name string) (string, bool) { v, ok := s.env[name]; return v, ok },
	})
	return out.String(), err
}

// ok is run for what must succeed.
func (s shell) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.run(t, args...)
	if err != nil {
		t.Fatalf("igloo %q: %v", args, err)
	}
	return out
}

// refused is run for what must not, and say why.
func (s shell) refused(t *testing.T, want string, args ...string) error {
	t.Helper()
	out, err := s.run(t, args...)
	if err == nil || !strings.Contains(err.Error(), want) || out != "" {
		t.Errorf("igloo %q: error %v, output %q; want an error with %q alone", args, err, out, want)
	}
	return err
}

// object is what a command shows to programs.
func object(t *testing.T, out string) map[string]any {
	t.Helper()
	found := map[string]any{}
	check(t, json.Unmarshal([]byte(out), &found))
	return found
}

func TestLifeOfAWarehouse(t *testing.T) {
	server, _ := serve(t, nil)
	s, roots := at(server), t.TempDir()
	out := s.ok(t, "warehouses", "create", "sales", "--location", "file://"+roots+"/a", "--store", "local", "--property", "table-default.k=v,w=x", "-o", "json")
	if w := object(t, out); fmt.Sprint(w["properties"]) != "map[table-default.k:v,w=x]" || fmt.Sprint(w["version"]) != "1" {
		t.Errorf("created: %s", out)
	}
	out = s.ok(t, "warehouses", "update", "sales", "--allowed-root", "file://"+roots+"/b", "--delegation", "never", "--remove-property", "table-default.k", "--property", "k=v")
	for _, want := range []string{"storage.allowedRoots  ", "file://" + roots + "/b", "storage.delegation", "DELEGATION_POLICY_NEVER", "properties.k ", "version "} {
		if !strings.Contains(out, want) || strings.Contains(out, "table-default") {
			t.Errorf("want %q:\n%s", want, out)
		}
	}
	s.ok(t, "warehouses", "update", "sales", "--key-life", "2h")
	profile, _ := object(t, s.ok(t, "warehouses", "show", "sales", "-o", "json"))["storage"].(map[string]any)
	if fmt.Sprintf("%v %v %v", profile["keyLifeSeconds"], profile["delegation"], profile["allowedRoots"]) != "7200 DELEGATION_POLICY_NEVER [file://"+roots+"/b]" {
		t.Errorf("a flag changed more than it says: %v", profile)
	}
	if out := s.ok(t, "warehouses", "check", "sales"); !strings.Contains(out, roots+"/a, ") || !strings.Contains(out, roots+"/b") {
		t.Errorf("roots that were tried: %s", out)
	}
	s.ok(t, "warehouses", "reseal", "sales", "--expected-version", "3")
	s.refused(t, "409", "warehouses", "reseal", "sales", "--expected-version", "3")
	s.refused(t, "409", "warehouses", "delete", "sales", "--yes", "--expected-version", "3")
	if out := s.ok(t, "warehouses", "delete", "sales", "--yes"); out != "warehouse sales is deleted\n" {
		t.Errorf("deleted: %q", out)
	}
	s.refused(t, `warehouse "sales" does not exist (404 Not Found)`, "warehouses", "show", "sales")
}

// TestProfileOfAFile: what show tells is what update takes.
func TestProfileOfAFile(t *testing.T) {
	server, _ := serve(t, nil)
	s, roots := at(server), t.TempDir()
	s.ok(t, "warehouses", "create", "w", "--location", "file://"+roots+"/a", "--store", "local", "--allowed-root", "file://"+roots+"/b")
	shown, err := json.Marshal(object(t, s.ok(t, "warehouses", "show", "w", "-o", "json"))["storage"])
	check(t, err)
	for _, text := range []string{string(shown), "local: {}\nallowed_roots: [ 'file://" + roots + "/b' ]\n"} {
		s.ok(t, "warehouses", "update", "w", "--key-life", "3h", "--allowed-root", "file://"+roots+"/c")
		s.stdin = text
		s.ok(t, "warehouses", "update", "w", "--file", "-")
		again, err := json.Marshal(object(t, s.ok(t, "warehouses", "show", "w", "-o", "json"))["storage"])
		check(t, err)
		if string(again) != string(shown) {
			t.Errorf("after %s\n%s, want\n%s", text, again, shown)
		}
	}
}

func TestLists(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	for i := range 101 { // more than there are on a page
		s.ok(t, "warehouses", "create", fmt.Sprintf("w%03d", i))
	}
	lines := strings.Split(strings.TrimSpace(s.ok(t, "warehouses", "list")), "\n")
	if len(lines) != 103 || !strings.HasPrefix(lines[0], "NAME ") || !strings.HasPrefix(lines[102], "w100 ") {
		t.Errorf("%d lines: %q … %q", len(lines), lines[0], lines[len(lines)-1])
	}
	var all []map[string]any
	check(t, json.Unmarshal([]byte(s.ok(t, "warehouses", "list", "-o", "json")), &all))
	if len(all) != 102 || all[101]["name"] != "w100" {
		t.Errorf("%d warehouses, the last is %v", len(all), all[len(all)-1])
	}
}

// TestWhatIsWrongIsTold: before the server is asked, as an error of usage; by the
// server, in its words.
func TestWhatIsWrongIsTold(t *testing.T) {
	server, _ := serve(t, nil)
	s := at(server)
	s.env["EMPTY"] = ""
	s.env["KEY"] = "canary"
	for _, c := range []struct {
		want, stdin string
		args        []string
	}{
		{"must be http://", "", []string{"list", "--server", "ftp://x"}},
		{"without user", "", []string{"list", "--server", "http://me:pw@x"}},
		{"timeout is 0s", "", []string{"list", "--timeout", "0s"}},
		{"two ways to say who asks", "", []string{"list", "--token-file", "a", "--credential-file", "b"}},
		{"token-file: open ", "", []string{"list", "--token-file", "/does/not/exist"}},
		{"a name is empty", "", []string{"show", ""}},
		{"nothing is to be changed", "", []string{"update", "w"}},
		{"several stores: adls, s3", "", []string{"create", "w", "--s3-region", "r", "--adls-account", "a"}},
		{"several stores: local, s3", "", []string{"create", "w", "--s3-region", "r", "--store", "local"}},
		{"the variable EMPTY is not set, or empty", "", []string{"create", "w", "--s3-secret-access-key-env", "EMPTY"}},
		{"two places for one secret", "", []string{"create", "w", "--s3-secret-access-key-env", "KEY", "--s3-secret-access-key-file", "f"}},
		{"s3.endpont is no field; allowed are accessKeyId,", "s3: {endpont: x}", []string{"create", "w", "-f", "-"}},
		{"s3.secretAccessKey must be a text", "s3: {secretAccessKey: 4711}", []string{"create", "w", "-f", "-"}},
		{"s3 must be an object with some of", "s3: yes", []string{"create", "w", "-f", "-"}},
		{"no YAML or JSON object", "[1]", []string{"create", "w", "-f", "-"}},
		{"no storage profile", "keyLifeSeconds: soon", []string{"create", "w", "-f", "-"}},
		{"larger than", "#" + strings.Repeat("x", 2<<20), []string{"create", "w", "-f", "-"}},
		{"to delete warehouse default from a script needs --yes", "y\n", []string{"delete", "default"}},
	} {
		s.stdin = c.stdin
		err := s.refused(t, c.want, append([]string{"warehouses"}, c.args...)...)
		if _, usage := errors.AsType[*settings.UsageError](err); !usage || strings.Contains(fmt.Sprint(err), "4711") {
			t.Errorf("%v is no error of usage, or shows a secret", err)
		}
	}
	for want, args := range map[string][]string{
		`warehouse.name: "Bad" is not a warehouse name: 1 to 63`: {"create", "Bad"},
		"storage.key_life_seconds: is 60, allowed is from 1800":  {"create", "w", "--store", "local", "--key-life", "1m", "--location", "file:///w"},
		"cannot be kept without seal-keys":                       {"create", "w", "--s3-access-key-id", "i", "--s3-secret-access-key-env", "KEY", "--location", "s3://b/w"},
		`(409 Conflict)`:                                         {"create", "default"},
	} {
		err := s.refused(t, want, append([]string{"warehouses"}, args...)...)
		if _, usage := errors.AsType[*settings.UsageError](err); usage || strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%v is an error of usage, or shows a secret", err)
		}
	}
	s.refused(t, "connection refused", "warehouses", "list", "--server", "http://127.0.0.1:1")
	s.refused(t, "answers as no Igloo does: 404 page not found", "warehouses", "list", "--server", elsewhere(t))
}

func elsewhere(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.URL
}

// TestAnswersThatAreLost: a change whose answer does not come is made once.
func TestAnswersThatAreLost(t *testing.T) {
	server, _ := serve(t, nil)
	to, err := url.Parse(server)
	check(t, err)
	forward, asked := httputil.NewSingleHostReverseProxy(to), atomic.Int32{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%2 == 1 {
			forward.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	s := at(proxy.URL)
	s.ok(t, "warehouses", "create", "w")
	s.ok(t, "warehouses", "update", "w", "--property", "k=v")
	if w := object(t, s.ok(t, "warehouses", "show", "w", "-o", "json")); fmt.Sprint(w["version"]) != "2" {
		t.Errorf("after one change: %v", w)
	}
	s.ok(t, "warehouses", "delete", "w", "--yes")
}

// TestWhoAsks: with the credential of the data folder, with a token, and without.
func TestWhoAsks(t *testing.T) {
	server, folder := serve(t, func(c *igloo.Config) { c.Auth = true })
	s, credential := at(server), filepath.Join(folder, igloo.CredentialFile)
	s.refused(t, "no token was sent", "warehouses", "list")
	s.ok(t, "warehouses", "list", "--credential-file", credential)
	wrong := filepath.Join(t.TempDir(), "wrong")
	check(t, os.WriteFile(wrong, []byte("root:canary\n"), 0o600))
	if err := s.refused(t, "the server issues no token: ", "warehouses", "list", "--credential-file", wrong); strings.Contains(err.Error(), "canary") {
		t.Errorf("%v shows the secret", err)
	}
	s.refused(t, "401", "warehouses", "list", "--token-file", wrong)
	open, _ := serve(t, nil)
	at(open).refused(t, "credential-file: the server", "warehouses", "list", "--credential-file", credential)
}

// TestTokensAreForTheServerThatIsNamed and for no other that it sends to.
func TestTokensAreForTheServerThatIsNamed(t *testing.T) {
	shown := ""
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { shown += r.Header.Get("Authorization") }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "token")
	check(t, os.WriteFile(file, []byte("canary\n"), 0o600))
	at(server.URL).refused(t, "307", "warehouses", "list", "--token-file", file)
	if shown != "" {
		t.Errorf("%q was shown to another server", shown)
	}
}
