// Package settings owns how Igloo's programs are told what to do: one struct a
// command, one field a setting, and three places to set it from, each winning
// over the one before: a YAML file, the environment, flags.
//
// It promises that every setting has the same name everywhere (data-dir,
// IGLOO_DATA_DIR, --data-dir), that an unknown key is an error, that
// --print-config shows what holds and where it came from, and that secrets are
// never among what is shown; and that a file which changes is read again while the
// program runs, whose settings are taken where that is safe, or none of them. What has
// no variable is about one call, and only a flag says it.
package settings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/igloo-catalog/igloo/pkg/heap"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// App is a program with its commands.
type App struct {
	Name        string
	Description string
	// Commands is a pointer to a struct whose fields are kong commands, each a
	// Command. Run's context ends at SIGINT or SIGTERM. Fields carry help, default
	// and env:"IGLOO_…" tags, and secret:"" where the value must not be shown.
	Commands any
	Args     []string
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	// LookupEnv is os.LookupEnv as a rule.
	LookupEnv func(string) (string, bool)
}

// Env is what a command's Run gets beside its own settings.
type Env struct {
	// Commands are all that the program can be told.
	Commands *kong.Application

	Log       *slog.Logger
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	LookupEnv func(string) (string, bool)

	following
}

// globals are the settings that every program has.
type globals struct {
	Config      string `env:"IGLOO_CONFIG" help:"Read settings from this YAML file, whose unknown keys are refused. While the program runs the file is read again when it changes, and at SIGHUP at once." placeholder:"FILE" group:"Settings and logs"`
	PrintConfig bool   `help:"Print every setting with its value and where it came from, and exit."`
	LogLevel    string `default:"info" enum:"debug,info,warn,error" env:"IGLOO_LOG_LEVEL" live:"" help:"Least severe level to log: debug, info, warn or error. At debug each request has a line." group:"Settings and logs"`
	LogFormat   string `default:"text" enum:"text,json" env:"IGLOO_LOG_FORMAT" help:"Form of the log lines on the standard error: text for people, json for what collects them." group:"Settings and logs"`
}

// Main runs the program and ends the process: 0 when all went well, 1 when the
// command failed, 2 when it was told something it does not understand; a Coded
// error says so itself.
func Main(name, description string, commands any) {
	release := heap.Floor()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go heap.GiveBack(ctx)
	err := Run(ctx, App{
		Name: name, Description: description, Commands: commands,
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
	})
	stop()
	release()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	os.Exit(exitCode(err))
}

// Coded is an error that says with which code a program ends.
type Coded interface {
	error
	// ExitCode is from 1 to 125.
	ExitCode() int
}

func exitCode(err error) int {
	if coded, is := errors.AsType[Coded](err); is {
		return coded.ExitCode()
	}
	return 1
}

// UsageError means that the settings themselves are wrong.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// ExitCode implements Coded.
func (e *UsageError) ExitCode() int { return 2 }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Run reads the settings and runs the chosen command until it ends or ctx does.
func Run(ctx context.Context, app App) error {
	p, err := parse(app, app.Commands)
	if err != nil || p.helped {
		return err
	}
	return dispatch(ctx, app, p)
}

// parsed is what a program was told.
type parsed struct {
	globals *globals
	file    *file
	chosen  *kong.Context
	// helped tells that it was asked for help, which was given.
	helped bool
}

// parse reads all settings into commands.
func parse(app App, commands any) (*parsed, error) {
	p := &parsed{globals: &globals{}}
	var err error
	if p.file, err = readFile(configPath(app)); err != nil {
		return nil, &UsageError{err}
	}
	parser, err := kong.New(commands,
		kong.Name(app.Name), kong.Description(app.Description), kong.Embed(p.globals),
		kong.Writers(app.Stdout, app.Stderr),
		kong.Resolvers(&resolver{file: p.file, lookupEnv: app.LookupEnv}),
	)
	if err != nil {
		return nil, fmt.Errorf("build the command line: %w", err)
	}
	if err := p.file.refuseUnknown(parser.Model.Node); err != nil {
		return nil, &UsageError{err}
	}
	if p.chosen, p.helped, err = read(parser, app.Args); err != nil {
		return nil, &UsageError{err}
	}
	return p, nil
}

// freshOf makes commands that nothing was read into.
func freshOf(commands any) any { return reflect.New(reflect.TypeOf(commands).Elem()).Interface() }

func dispatch(ctx context.Context, app App, p *parsed) error {
	if p.globals.PrintConfig {
		return printConfig(app, p.file, p.chosen)
	}
	level := &slog.LevelVar{}
	log, err := telemetry.NewLogger(app.Stderr, p.globals.LogLevel, p.globals.LogFormat, level)
	if err != nil {
		return &UsageError{err}
	}
	chosen, err := command(p.chosen)
	if err != nil {
		return err
	}
	env := &Env{
		Commands: p.chosen.Model, Log: log,
		Stdin: app.Stdin, Stdout: app.Stdout, Stderr: app.Stderr, LookupEnv: app.LookupEnv,
	}
	if p.file.path != "" {
		following, stop := context.WithCancel(ctx)
		defer stop()
		c := &changes{app: app, env: env, level: level, held: valuesOf(p.chosen)}
		go c.follow(following, p.file.path, p.file.stamp)
	}
	return chosen.Run(ctx, env)
}

// configPath finds the file before kong runs, because the file is one of the
// places that kong then reads from.
func configPath(app App) string {
	for i, arg := range app.Args {
		if path, found := strings.CutPrefix(arg, "--config="); found {
			return path
		}
		if arg == "--config" && i+1 < len(app.Args) {
			return app.Args[i+1]
		}
	}
	path, _ := app.LookupEnv("IGLOO_CONFIG")
	return path
}
