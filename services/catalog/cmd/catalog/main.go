// Command catalog serves the Iceberg REST protocol over a house table service.
package main

import (
	"context"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/buildinfo"
	"github.com/igloo-catalog/igloo/pkg/settings"
	_ "github.com/igloo-catalog/igloo/pkg/slack" // begins the program
	"github.com/igloo-catalog/igloo/pkg/tracing"
	"github.com/igloo-catalog/igloo/services/catalog/server"
)

func main() {
	settings.Main("catalog", "The Iceberg REST service of Igloo.", &commands{})
}

type commands struct {
	Serve   serve   `cmd:"" help:"Serve the catalog."`
	Version version `cmd:"" help:"Print the version."`
}

type serve struct {
	server.Config `embed:""`
	Tracing       tracing.Settings `embed:"" group:"Traces"`
}

// Run implements the command.
func (s *serve) Run(ctx context.Context, env *settings.Env) error {
	tracer, err := tracing.Start(ctx, s.Tracing, "igloo-catalog", env.Log)
	if err != nil {
		return err
	}
	defer tracer.Close()
	catalog, err := server.New(ctx, s.Config, nil, env.Log)
	if err != nil {
		return err
	}
	env.OnChange(func(newer any) error { return changed(newer.(*serve), catalog, tracer) })
	if err := env.Measure(catalog.Meter()); err != nil {
		return err
	}
	return catalog.Serve(ctx)
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

// Run implements the command.
func (version) Run(_ context.Context, env *settings.Env) error {
	_, err := fmt.Fprintln(env.Stdout, "catalog", buildinfo.Version())
	return err
}
