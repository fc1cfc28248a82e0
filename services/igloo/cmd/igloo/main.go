// Command igloo serves a whole Iceberg catalog from one process, and manages any
// that runs.
package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/igloo-catalog/igloo/pkg/buildinfo"
	"github.com/igloo-catalog/igloo/pkg/settings"
	_ "github.com/igloo-catalog/igloo/pkg/slack" // begins the program
	"github.com/igloo-catalog/igloo/pkg/tracing"
	"github.com/igloo-catalog/igloo/services/igloo"
	"github.com/igloo-catalog/igloo/services/igloo/command"
)

func main() {
	settings.Main("igloo", "An Apache Iceberg REST catalog in one process, and the command line for any that runs.", &commands{})
}

type commands struct {
	Serve       serve               `cmd:"" help:"Serve a catalog from a data folder."`
	Warehouses  command.Warehouses  `cmd:"" help:"Manage the warehouses of a running Igloo, of either shape."`
	Namespaces  command.Namespaces  `cmd:"" help:"Manage namespaces."`
	Tables      command.Tables      `cmd:"" help:"Look at tables and their history, and manage them."`
	Views       command.Views       `cmd:"" help:"Look at views."`
	Jobs        command.Jobs        `cmd:"" help:"Look at jobs, and cancel them."`
	Roles       command.Roles       `cmd:"" help:"Manage roles, and who their members are."`
	Grants      command.Grants      `cmd:"" help:"Say who may do what."`
	Explain     command.Explain     `cmd:"" help:"Tell whether somebody may do something, and why."`
	Doctor      command.Doctor      `cmd:"" help:"Look whether all that a catalog points at is there, whole, and where it may be; changes nothing."`
	Export      command.Export      `cmd:"" help:"Write all that Igloo knows of its tables to a file: warehouses, namespaces, tables, grants, roles, jobs."`
	Import      command.Import      `cmd:"" help:"Bring in what another Igloo exported; may be run again until it is done."`
	MigrateFrom command.MigrateFrom `cmd:"" help:"Bring in the tables and views of another Iceberg REST catalog."`
	ImportRows  command.ImportRows  `cmd:"" help:"Bring in the rows of OpenHouse's house tables."`
	Completion  command.Completion  `cmd:"" help:"Print what makes a shell complete all this."`
	Manual      command.Manual      `cmd:"" help:"Print the manual."`
	Complete    command.Complete    `cmd:"" hidden:"" help:"Tell a shell what a word may become."`
	Bench       command.Bench       `cmd:"" help:"Put a catalog under load, any that speaks the Iceberg REST protocol, and tell how its answers fared."`
	Version     version             `cmd:"" help:"Print the version."`
}

type serve struct {
	igloo.Config `embed:""`
	Tracing      tracing.Settings `embed:"" group:"Traces"`
}

// Run implements the command.
func (s *serve) Run(ctx context.Context, env *settings.Env) error {
	tracer, err := tracing.Start(ctx, s.Tracing, "igloo", env.Log)
	if err != nil {
		return err
	}
	defer tracer.Close()
	server, err := igloo.Start(ctx, s.Config, env.Log)
	if err != nil {
		return err
	}
	env.OnChange(func(newer any) error { return changed(newer.(*serve), server, tracer) })
	if err := env.Measure(server.Meter()); err != nil {
		return err
	}
	if err := greet(env.Stdout, server.URL(), s.DataDir, s.Auth); err != nil {
		return err
	}
	return server.Serve(ctx)
}

// greet tells a newcomer where to point an engine.
func greet(w io.Writer, url, folder string, closed bool) error {
	python, spark := "", ""
	if closed {
		file := filepath.Join(folder, igloo.CredentialFile)
		python = fmt.Sprintf(", credential=open(%q).read()", file)
		spark = fmt.Sprintf(" \\\n            --conf spark.sql.catalog.igloo.credential=$(cat %s)", file)
	}
	_, err := fmt.Fprintf(w, `Igloo serves an Iceberg REST catalog at %[1]s, with its data in %[2]s

PyIceberg
  from pyiceberg.catalog.rest import RestCatalog
  catalog = RestCatalog("igloo", uri=%[1]q%[3]s)

Spark (with iceberg-spark-runtime)
  spark-sql --conf spark.sql.catalog.igloo=org.apache.iceberg.spark.SparkCatalog \
            --conf spark.sql.catalog.igloo.type=rest \
            --conf spark.sql.catalog.igloo.uri=%[1]s%[4]s

House tables are at %[1]s/hts. Stop with Ctrl-C.
`, url, folder, python, spark)
	return err
}

// changed takes over the settings that can change while the service runs.
func changed(newer *serve, service *igloo.Igloo, tracer *tracing.Tracer) error {
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
	_, err := fmt.Fprintln(env.Stdout, "igloo", buildinfo.Version())
	return err
}
