package settings_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

type serve struct {
	Listen  string        `default:"127.0.0.1:1" env:"IGLOO_LISTEN" help:"Address."`
	Timeout time.Duration `default:"5s" env:"IGLOO_TIMEOUT" help:"Limit."`
	Roots   []string      `env:"IGLOO_ROOTS" help:"Roots."`
	URL     string        `env:"IGLOO_URL" help:"Database."`
	Key     string        `env:"IGLOO_KEY" help:"Key." secret:""`
	Rate    float64       `env:"IGLOO_RATE" default:"1" help:"Rate." live:""`

	ran bool
	// meanwhile, when set, is what happens once it runs.
	meanwhile func(context.Context, *settings.Env) error
}

func (s *serve) Run(ctx context.Context, env *settings.Env) error {
	s.ran = env.Log != nil
	if s.meanwhile != nil {
		return s.meanwhile(ctx, env)
	}
	return nil
}

// show has a flag that is called like a setting of another command.
type show struct {
	Roots []string `help:"Roots of this call."`
}

func (show) Run(context.Context, *settings.Env) error { return nil }

// pick has all that is looked at before a command runs.
type pick struct {
	Mode  string   `default:"a" enum:"a,b" help:"Mode."`
	Kinds []string `default:"x" enum:"x,y" help:"Kinds."`
	At    string   `xor:"when" required:"" help:"This time." placeholder:"TIME"`
	Since string   `xor:"when" required:"" help:"Since this time." placeholder:"TIME"`
	Size  int      `required:"" help:"Size."`
	Limit `embed:""`

	Name word   `arg:"" help:"Name."`
	Rest string `arg:"" help:"Rest."`
	Sort string `arg:"" optional:"" default:"up" enum:"up,down" help:"Order."`
}

func (pick) Run(_ context.Context, env *settings.Env) error {
	_, err := fmt.Fprint(env.Stdout, "picked")
	return err
}

// Limit is a part of a command.
type Limit struct {
	Least int `help:"Least."`
	Most  int `help:"Most."`
}

func (l Limit) Check() error {
	if l.Least > l.Most {
		return errors.New("least is over most")
	}
	return nil
}

type word string

func (w word) Check() error {
	if w == "" {
		return errors.New("has no letters")
	}
	return nil
}

type commands struct {
	Serve serve `cmd:"" help:"Serve."`
	Show  show  `cmd:"" help:"Show."`
	Pick  pick  `cmd:"" help:"Pick."`
	Group struct {
		One show `cmd:"" help:"One."`
		Two show `cmd:"" help:"Two."`
	} `cmd:"" help:"Group."`
}

func run(t *testing.T, env map[string]string, args ...string) (*commands, string, error) {
	t.Helper()
	c, out := &commands{}, &strings.Builder{}
	err := settings.Run(t.Context(), settings.App{
		Name: "test", Commands: c, Args: args, Stdout: out, Stderr: out,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	return c, out.String(), err
}

func yamlFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "igloo.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLaterPlacesWin(t *testing.T) {
	path := yamlFile(t, "listen: file:1\ntimeout: 7s\nroots: [a, b]\n")
	env := map[string]string{"IGLOO_LISTEN": "env:1"}
	c, _, err := run(t, env, "serve", "--config", path, "--timeout=9s")
	if err != nil {
		t.Fatal(err)
	}
	if !c.Serve.ran {
		t.Error("the command did not run")
	}
	if got := c.Serve.Listen; got != "env:1" {
		t.Errorf("listen = %q, want the environment's", got)
	}
	if got := c.Serve.Timeout; got != 9*time.Second {
		t.Errorf("timeout = %s, want the flag's", got)
	}
	if got := strings.Join(c.Serve.Roots, "+"); got != "a+b" {
		t.Errorf("roots = %s, want the file's", got)
	}
}

func TestKeysWithoutAValueSayNothing(t *testing.T) {
	c, _, err := run(t, map[string]string{}, "serve", "--config", yamlFile(t, "listen:\nroots: ~\nurl: null\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Serve.Listen != "127.0.0.1:1" || c.Serve.Roots != nil || c.Serve.URL != "" {
		t.Errorf("listen = %q, roots = %q, url = %q; want the defaults", c.Serve.Listen, c.Serve.Roots, c.Serve.URL)
	}
}

// TestChangesAreSeenFromTheStart: what is written as soon as the command runs is no
// part of what it was told, and is read again.
func TestChangesAreSeenFromTheStart(t *testing.T) {
	path, rates := yamlFile(t, "rate: 1\n"), make(chan float64, 1)
	c := &commands{}
	c.Serve.meanwhile = func(ctx context.Context, env *settings.Env) error {
		if err := os.WriteFile(path, []byte("rate: 2.5\n"), 0o600); err != nil {
			return err
		}
		env.OnChange(func(newer any) error { rates <- newer.(*serve).Rate; return nil })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case rate := <-rates:
			if rate != 2.5 {
				t.Errorf("rate = %g", rate)
			}
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := settings.Run(ctx, settings.App{
		Name: "test", Commands: c, Args: []string{"serve", "--config", path}, Stdout: io.Discard, Stderr: io.Discard,
		LookupEnv: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Error(err)
	}
}

func TestUnknownKeyIsRefused(t *testing.T) {
	_, _, err := run(t, nil, "serve", "--config", yamlFile(t, "lisen: x\n"))
	var usage *settings.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), `"lisen", which may mean listen;`) || !strings.Contains(err.Error(), "timeout") {
		t.Fatalf("err = %v, want a usage error that names the key and the known ones", err)
	}
}

func TestHintsAreOfWhatIsNear(t *testing.T) {
	for key, hint := range map[string]string{"time_out": "timeout", "Listen": "listen", "rots": "roots"} {
		if _, _, err := run(t, nil, "serve", "--config", yamlFile(t, key+": x\n")); err == nil || !strings.Contains(err.Error(), "may mean "+hint+";") {
			t.Errorf("%s: %v", key, err)
		}
	}
	if _, _, err := run(t, nil, "serve", "--config", yamlFile(t, "colour: x\n")); err == nil || strings.Contains(err.Error(), "may mean") {
		t.Errorf("colour: %v", err)
	}
}

func TestPrintConfigTellsOriginsAndKeepsSecrets(t *testing.T) {
	env := map[string]string{"IGLOO_KEY": "s3cret", "IGLOO_URL": "postgres://me:hunter2@db/x"}
	c, out, err := run(t, env, "serve", "--config", yamlFile(t, "timeout: 7s\n"), "--listen=flag:1", "--print-config")
	if err != nil {
		t.Fatal(err)
	}
	if c.Serve.ran {
		t.Error("--print-config ran the command")
	}
	for _, want := range []string{`listen: "flag:1"`, "flag --listen", "timeout: 7s", "file ", "environment IGLOO_KEY", "roots: []", "# from default"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	for _, secret := range []string{"s3cret", "hunter2"} {
		if strings.Contains(out, secret) {
			t.Errorf("output shows %q:\n%s", secret, out)
		}
	}
}

func TestHelpIsNotAnError(t *testing.T) {
	if _, out, err := run(t, nil, "serve", "--help"); err != nil || !strings.Contains(out, "--listen") {
		t.Fatalf("err = %v, output:\n%s", err, out)
	}
}

// TestWhatCannotWorkIsRefused before anything runs, naming what was wrong.
func TestWhatCannotWorkIsRefused(t *testing.T) {
	for args, want := range map[string]string{
		"":                                      `expected one of "serve", "show", "pick", "group"`,
		"group":                                 `expected one of "one", "two"`,
		"pick --size=1 --at=x":                  `expected "<name> <rest>"`,
		"pick --size=1 --at=x a":                `expected "<rest>"`,
		"pick a b --size=1":                     "missing flags: --at=TIME or --since=TIME",
		"pick a b":                              "missing flags: --at=TIME or --since=TIME, --size=INT",
		"pick a b --size=1 --at=x --since=y":    "--at and --since can't be used together",
		"pick a b --size=1 --at=x --mode=c":     `--mode must be one of "a","b" but got "c"`,
		"pick a b --size=1 --at=x --kinds=y,z":  `--kinds must be one of "x","y" but got "z"`,
		"pick a b left --size=1 --at=x":         `[<sort>] must be one of "up","down" but got "left"`,
		"pick a b --size=1 --at=x --least=1":    "pick: least is over most",
		"pick , b --size=1 --at=x --bogus":      "unknown flag --bogus",
		"pick a b --size=one --at=x":            "--size: expected a valid 64 bit int",
		"serve --log-level=loud":                `--log-level must be one of "debug","info","warn","error" but got "loud"`,
		"pick a b down --size=1 --at=x --most=": "--most",
	} {
		_, out, err := run(t, nil, strings.Fields(args)...)
		var usage *settings.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) || strings.Contains(out, "picked") {
			t.Errorf("%q: %v, want a usage error with %s\n%s", args, err, want, out)
		}
	}
	if _, _, err := run(t, nil, "pick", "", "b", "--size=1", "--at=x"); err == nil || !strings.Contains(err.Error(), "<name>: has no letters") {
		t.Errorf("an argument that refuses itself: %v", err)
	}
	if _, out, err := run(t, nil, strings.Fields("pick a b down --size=0 --since=x --mode=b --kinds=x,y --most=1")...); err != nil || out != "picked" {
		t.Errorf("what can work: %v, %q", err, out)
	}
}

func TestWhatIsAboutOneCallIsNoSetting(t *testing.T) {
	path := yamlFile(t, "roots: [a, b]\n")
	c, _, err := run(t, nil, "show", "--config", path)
	if err != nil || len(c.Show.Roots) > 0 {
		t.Errorf("roots = %q, want none of the file's; %v", c.Show.Roots, err)
	}
	if _, out, err := run(t, nil, "show", "--config", path, "--print-config"); err != nil || !strings.Contains(out, "roots: []") || strings.Contains(out, "file "+path) {
		t.Errorf("err = %v, output:\n%s", err, out)
	}
	if c, _, err = run(t, nil, "show", "--config", path, "--roots=c"); err != nil || strings.Join(c.Show.Roots, "+") != "c" {
		t.Errorf("roots = %q, want the flag's; %v", c.Show.Roots, err)
	}
	if _, _, err = run(t, nil, "serve", "--config", yamlFile(t, "print-config: true\n")); err == nil {
		t.Error("a file says what only a flag can")
	}
}
