package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// root is the repository's, seen from here.
const root = "../../../"

// block is a part of a page that is marked as to be run: ```sh run or ```python run.
var block = regexp.MustCompile("(?ms)^```(sh|python) run\n(.*?)^```$")

// TestDocumentationRuns: what the pages say can be run works, in its order, on a
// fresh Igloo that has the table sales.orders and the view sales.recent.
func TestDocumentationRuns(t *testing.T) {
	pages, err := filepath.Glob(root + "docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, root+"README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if blocks := block.FindAllStringSubmatch(string(text), -1); len(blocks) > 0 {
			t.Run(filepath.Base(page), func(t *testing.T) { runs(t, blocks) })
		}
	}
}

func runs(t *testing.T, blocks [][]string) {
	t.Helper()
	d, folder := iglootest.Shapes()[0].Start(t), t.TempDir()
	withOrders(t, d.URL)
	for _, b := range blocks {
		program, before := "bash", "set -euo pipefail\n"
		if b[1] == "python" {
			program, before = interpreter(t), ""
		}
		text := before + strings.ReplaceAll(b[2], "http://127.0.0.1:8181", d.URL)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, program, "-c", text)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), "IGLOO_SERVER="+d.URL, "PATH="+filepath.Dir(iglootest.Program(t, "igloo"))+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, text, out)
		}
	}
}

func withOrders(t *testing.T, url string) {
	t.Helper()
	const columns = `{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":true}]}`
	posted(t, url+"/v1/namespaces", `{"namespace":["sales"]}`, 200)
	posted(t, url+"/v1/namespaces/sales/tables", `{"name":"orders","schema":`+columns+`}`, 200)
	posted(t, url+"/v1/namespaces/sales/views", `{"name":"recent","properties":{},"schema":`+columns+`,"view-version":{"version-id":1,"schema-id":0,"timestamp-ms":1,
		"summary":{},"default-namespace":["sales"],"representations":[{"type":"sql","sql":"SELECT id FROM orders","dialect":"spark"}]}}`, 200)
}

// TestManualIsWritten: docs/cli.md is what the program says of itself.
func TestManualIsWritten(t *testing.T) {
	s := shell{T: t}
	written(t, "docs/cli.md", s.ok("manual", "markdown"))
	if page := s.ok("manual"); !strings.HasPrefix(page, ".TH IGLOO 1\n") || !strings.Contains(page, ".SS\nigloo tables as\\-of ") {
		t.Errorf("no page for man: %.200s", page)
	}
}

// TestConfigurationIsWritten: docs/configuration.md and the files beside it are what
// the programs can be told, each of them all of it.
func TestConfigurationIsWritten(t *testing.T) {
	s := shell{T: t}
	page := s.ok("manual", "configuration")
	written(t, "docs/configuration.md", page)
	for program, needed := range map[string][]string{
		"igloo":      nil,
		"catalog":    {"--warehouse-root", "file:///srv", "--housetable", "127.0.0.1:1"},
		"housetable": {"--database-url", "sqlite:///srv/db"},
	} {
		file := "docs/configuration/" + program + ".yaml"
		text := s.ok("manual", program+".yaml")
		written(t, file, text)
		holds := printed(t, program, needed)
		for name := range holds {
			if name != "config" && !strings.Contains(text, "\n#"+name+":") {
				t.Errorf("%s lacks %s", file, name)
			}
			if !strings.Contains(page, "\n### `"+name+"`\n") {
				t.Errorf("docs/configuration.md lacks %s", name)
			}
		}
		all := filepath.Join(t.TempDir(), program+".yaml")
		if err := os.WriteFile(all, []byte(setting.ReplaceAllString(text, "$1")), 0o600); err != nil {
			t.Fatal(err)
		}
		taken := printed(t, program, append(needed, "--config", all))
		delete(taken, "config")
		delete(holds, "config")
		if diff := cmp.Diff(holds, taken); diff != "" {
			t.Errorf("%s has other settings than the defaults (-want +got):\n%s", file, diff)
		}
		printed(t, program, append(needed, "--config", root+"deploy/settings/"+program+".yaml"))
	}
}

// setting is a line of a file that is commented out, and is no comment.
var setting = regexp.MustCompile(`(?m)^#([a-z])`)

// printed is what a program holds for its settings, by their names.
func printed(t *testing.T, program string, flags []string) map[string]string {
	t.Helper()
	cmd := exec.Command(iglootest.Program(t, program), append([]string{"serve", "--print-config"}, flags...)...) //nolint:noctx // a program of ours, which ends by itself
	cmd.Env = append(os.Environ(), "IGLOO_DATABASE_URL=sqlite:///srv/db")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, flags, err, out)
	}
	holds := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(line, ": ")
		value, _, _ = strings.Cut(value, "# from ")
		holds[name] = strings.TrimSpace(value)
	}
	return holds
}

// written fails where a file is not what the programs say of themselves.
func written(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(root + file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the programs are: make manual writes it anew\n%s", file, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is %q, want %q", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(w), len(g))
}

// TestShellsComplete what is typed, by what the program says of itself.
func TestShellsComplete(t *testing.T) {
	d := iglootest.Shapes()[0].Start(t)
	withOrders(t, d.URL)
	folder, s := t.TempDir(), shellOf(t, d)
	for name, script := range map[string]string{
		"bash": `source ./file; COMP_WORDS=(igloo tables show sales.); COMP_CWORD=3; _igloo 2>/dev/null; printf '%s\n' "${COMPREPLY[@]}"`,
		"fish": `source ./file; complete -C 'igloo tables show sales.'`,
		"zsh":  `autoload -Uz compinit; compinit -u -d dump; source ./file; compadd() { print -l -- "${@:#-*}" }; words=(igloo tables show sales.); CURRENT=4; _igloo`,
	} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Logf("%s is not on this machine", name)
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, "file"), []byte(s.ok("completion", name)), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, path, "-c", script)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), "HOME="+folder, "IGLOO_SERVER="+d.URL, "PATH="+filepath.Dir(iglootest.Program(t, "igloo"))+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil || strings.TrimSpace(string(out)) != "sales.orders" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
