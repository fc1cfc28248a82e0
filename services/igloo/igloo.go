// Package igloo composes the catalog and the house table service in one
// process: SQLite, local files, one data folder, one port, nothing else to
// install.
//
// It promises the same code and the same answers as the split services; only
// the wire between them is gone. What was acknowledged survives kill -9.
package igloo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/seal"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
	catalogserver "github.com/igloo-catalog/igloo/services/catalog/server"
	htsserver "github.com/igloo-catalog/igloo/services/housetable/server"
)

// meterName is under which the process itself measures.
const meterName = "github.com/igloo-catalog/igloo/services/igloo"

// Config is what `igloo serve` is told.
type Config struct {
	Listen                string   `default:"127.0.0.1:8181" env:"IGLOO_LISTEN" help:"Serve /v1, /hts, /metrics and the health probes on this address." group:"Where it serves"`
	DataDir               string   `default:"./igloo-data" env:"IGLOO_DATA_DIR" help:"Keep everything in this folder: the database, and the files of tables. It is one process's: a second one on it is refused." group:"State"`
	WarehouseRoot         string   `env:"IGLOO_WAREHOUSE_ROOT" help:"Put the files of tables below this location instead of the data folder: file:///…, s3://…, gs://… or abfss://…." placeholder:"s3://…" group:"Tables"`
	AllowedRoots          []string `env:"IGLOO_ALLOWED_ROOTS" help:"Locations under which tables may lie besides the data folder; without any, tables may lie anywhere on this machine. May be given several times." placeholder:"file:///…" group:"Tables"`
	OverlappingLocations  bool     `env:"IGLOO_OVERLAPPING_LOCATIONS" help:"Let the location of a table be that of another one, or lie above or below it." group:"Tables"`
	NamespaceSeparator    string   `default:"%1F" env:"IGLOO_NAMESPACE_SEPARATOR" help:"Tell clients to join namespace levels in paths by this URL-escaped character." group:"Tables"`
	Auth                  bool     `env:"IGLOO_AUTH" help:"Let in only who has a token, and issue tokens at /v1/oauth/tokens against the credential in root.credential of the data folder." group:"Who is let in"`
	ImplicitDatabases     bool     `env:"IGLOO_IMPLICIT_DATABASES" help:"Let a PUT on /hts/tables create the database it names, as OpenHouse does." group:"Tables"`
	authn.Settings        `embed:"" group:"Who is let in"`
	audit.Trail           `embed:"" group:"Audit log"`
	Access                authz.Authorization `embed:"" group:"Who may do what"`
	tlsfiles.Listener     `embed:"" group:"TLS"`
	Limits                limit.Settings      `embed:"" group:"Limits"`
	HTTP                  httpserver.Settings `embed:"" group:"Limits"`
	htsserver.Upkeep      `embed:"" group:"How long things are kept"`
	seal.KeySettings      `embed:"" group:"Secrets of warehouses"`
	catalogserver.Storage `embed:"" group:"Storage"`
	catalogserver.Removal `embed:"" group:"Files that nothing needs"`
	catalogserver.Reports `embed:"" group:"Reports of engines"`
}

// Igloo is both services, listening.
type Igloo struct {
	lock       *os.File
	meters     *telemetry.Meters
	housetable *htsserver.Server
	catalog    *catalogserver.Server
	door       *catalogserver.Door
	// own are the issuers of tokens that the process is itself.
	own    []authn.Issuer
	probes *httpserver.Probes
	server *httpserver.Server
}

// Start opens the data folder, which it makes if need be, and listens. The
// folder is this process's own until Serve returns.
func Start(ctx context.Context, cfg Config, log *slog.Logger) (*Igloo, error) {
	folder, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", cfg.DataDir, err)
	}
	i := &Igloo{}
	if err := i.start(ctx, cfg, folder, log); err != nil {
		return nil, errors.Join(err, i.close())
	}
	return i, nil
}

func (i *Igloo) start(ctx context.Context, cfg Config, folder string, log *slog.Logger) (err error) {
	if i.lock, err = lockFolder(folder); err != nil {
		return err
	}
	if i.meters, err = telemetry.NewMeters(); err != nil {
		return err
	}
	if err := i.openDoor(cfg, folder); err != nil {
		return err
	}
	prober := &inprocgrpc.Channel{}
	prober.WithServerUnaryInterceptor(grpcserver.Unary(log, authn.Unary(nil)))
	if i.housetable, err = openHouseTables(ctx, cfg, folder, i.door, prober, log); err != nil {
		return err
	}
	if i.catalog, err = openCatalog(ctx, cfg, folder, i.door, i.housetable, log); err != nil {
		return err
	}
	i.catalog.Register(prober)
	i.probes = httpserver.NewProbes(i.catalog.Ready)
	tls, err := cfg.OpenTLS(log, i.meters.Meter(meterName))
	if err != nil {
		return err
	}
	i.server, err = httpserver.Listen(ctx, cfg.Listen, i.handler(), httpserver.Options{Settings: cfg.HTTP, TLS: tls.Config()}, log)
	return err
}

func openHouseTables(
	ctx context.Context, cfg Config, folder string, door *catalogserver.Door, prober grpc.ClientConnInterface, log *slog.Logger,
) (*htsserver.Server, error) {
	server, err := htsserver.New(ctx, htsserver.Config{
		DatabaseURL:       "sqlite://" + filepath.Join(folder, "igloo.db"),
		Migrate:           true,
		ImplicitDatabases: cfg.ImplicitDatabases,
		Upkeep:            cfg.Upkeep,
		Who:               door.Who,
		Access:            cfg.access(),
		Shared:            door.Limits,
		Trail:             cfg.Trail,
		KeySettings:       cfg.KeySettings,
		ProberConn:        prober,
	}, log)
	if err != nil {
		return nil, fmt.Errorf("open the house tables: %w", err)
	}
	return server, nil
}

func openCatalog(ctx context.Context, cfg Config, folder string, door *catalogserver.Door, housetable *htsserver.Server, log *slog.Logger) (*catalogserver.Server, error) {
	root, removal := cfg.WarehouseRoot, cfg.Removal
	if root == "" {
		if removal.OrphanScope == "" {
			removal.OrphanScope = "warehouses" // nobody else uses the folder
		}
		// Locations are literal, as engines take them: a space in a path stays one.
		root = "file://" + filepath.Join(folder, "warehouse")
	}
	key, err := planKey(folder)
	if err != nil {
		return nil, err
	}
	server, err := catalogserver.New(ctx, catalogserver.Config{
		PlanKey:              key,
		OverlappingLocations: cfg.OverlappingLocations,
		WarehouseRoot:        root,
		AllowedRoots:         cfg.AllowedRoots,
		NamespaceSeparator:   cfg.NamespaceSeparator,
		Access:               cfg.access(),
		Storage:              cfg.Storage,
		KeySettings:          cfg.KeySettings,
		Removal:              removal,
		MaxKeyAge:            cfg.OperationRetention,
		Reports:              cfg.Reports,
		Trail:                cfg.Trail,
		Door:                 door,
	}, housetable.Conn(), log)
	if err != nil {
		return nil, fmt.Errorf("open the catalog: %w", err)
	}
	return server, nil
}

// handler puts both services on one port: the catalog under /v1, the house
// tables under /hts and, as OpenHouse has them too, under /v1/hts. Their paths go
// past the mux, which would clean them and so change the names that they hold,
// and answer in words that are no client's.
func (i *Igloo) handler() http.Handler {
	rest, catalog, housetable := http.NewServeMux(), i.catalog.Handler(), i.housetable.Gateway()
	i.probes.Register(rest)
	rest.Handle("GET /metrics", telemetry.Scrape(i.meters, i.catalog.Meters(), i.housetable.Meters()))
	rest.Handle("/", catalog)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path + "/"; {
		case strings.HasPrefix(path, "/hts/"), strings.HasPrefix(path, "/v1/hts/"):
			housetable.ServeHTTP(w, r)
		case strings.HasPrefix(path, "/v1/"):
			catalog.ServeHTTP(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	})
}

// Change takes over what newer settings say of what can change while the process
// runs: whose tokens are believed, and how much one caller may ask. On errors nothing
// changes.
func (i *Igloo) Change(newer Config) error {
	if err := newer.Limits.Check(); err != nil {
		return err
	}
	if err := newer.ChangeIssuers(i.door.Who, i.own...); err != nil {
		return err
	}
	return i.door.Limits.Change(newer.Limits)
}

// Meter is of the process, beside what its services measure.
func (i *Igloo) Meter() metric.Meter { return i.meters.Meter(meterName) }

// URL is where clients reach the process: "http://127.0.0.1:8181".
func (i *Igloo) URL() string { return i.server.URL() }

// Serve answers until ctx ends, lets requests in flight finish, and closes
// everything.
func (i *Igloo) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, i.probes.Drain)
	defer stop()
	return errors.Join(i.server.Serve(ctx), i.close())
}

// close releases what is open, in the reverse order of opening.
func (i *Igloo) close() error {
	var failures []error
	if i.catalog != nil {
		failures = append(failures, i.catalog.Close())
	}
	if i.housetable != nil {
		failures = append(failures, i.housetable.Close())
	}
	if i.meters != nil {
		failures = append(failures, i.meters.Close())
	}
	if i.lock != nil {
		failures = append(failures, i.lock.Close())
	}
	return errors.Join(failures...)
}
