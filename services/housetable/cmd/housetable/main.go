// Command housetable runs the House Table Service.
package main

import (
	"context"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/buildinfo"
	"github.com/igloo-catalog/igloo/pkg/settings"
	_ "github.com/igloo-catalog/igloo/pkg/slack" // begins the program
	"github.com/igloo-catalog/igloo/pkg/tracing"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

type commands struct {
	Serve   serve   `cmd:"" help:"Serve the house tables of one database over gRPC and REST."`
	Migrate migrate `cmd:"" help:"Bring a database to the schema that this build needs."`
	Version version `cmd:"" help:"Print the version."`
}

type serve struct {
	server.Config `embed:""`
	Tracing       tracing.Settings `embed:"" group:"Traces"`
}

// Run serves until ctx ends.
func (c *serve) Run(ctx context.Context, env *settings.Env) error {
	tracer, err := tracing.Start(ctx, c.Tracing, "igloo-housetable", env.Log)
	if err != nil {
		return err
	}
	defer tracer.Close()
	s, err := server.New(ctx, c.Config, env.Log)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // nothing is in flight any more
	env.OnChange(func(newer any) error { return changed(newer.(*serve), s, tracer) })
	if err := env.Measure(s.Meter()); err != nil {
		return err
	}
	return s.Serve(ctx)
}

type migrate struct {
	DatabaseURL string `name:"database-url" env:"IGLOO_DATABASE_URL" required:"" secret:"" help:"The database to migrate." placeholder:"URL"`
}

// Run migrates and returns.
func (c *migrate) Run(ctx context.Context, env *settings.Env) error {
	if err := server.Migrate(ctx, c.DatabaseURL); err != nil {
		return err
	}
	env.Log.InfoContext(ctx, "the database has the schema of this build")
	return nil
}

// changed takes over the settings that can change while the service runs.
func changed(newer *serve, service *server.Server, tracer *tracing.Tracer) error {
	if err := newer.Tracing.Check(); err != nil {
		return err
	}
	if err := service.Change(newer.Config); err != nil {
		return err
	}
	return tracer.Change(newer.Tracing)
}

type version struct{}

// Run prints the version.
func (version) Run(_ context.Context, env *settings.Env) error {
	_, err := fmt.Fprintln(env.Stdout, buildinfo.Version())
	return err
}

func main() {
	settings.Main("housetable", "The House Table Service: every table pointer and job record of an Iceberg catalog.", &commands{})
}
