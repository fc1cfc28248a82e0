// Package server owns the composition of the catalog service: which parts there
// are, and in which order they start and stop. It is importable, for whoever
// puts the service into a process of their own.
//
// It promises that New leaves nothing open when it fails, and that Serve ends
// only after the requests in flight.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/seal"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// meterName is under which everything in the service measures.
const meterName = "github.com/igloo-catalog/igloo/services/catalog"

// answerTime is what a commit takes beside what it waits for the house tables.
const answerTime = 5 * time.Second

// Server is a catalog service, ready to serve.
type Server struct {
	cfg      Config
	log      *slog.Logger
	meters   *telemetry.Meters
	meter    metric.Meter
	pointers *hts.Pointers
	ring     *seal.Ring
	domain   *catalog.Catalog
	handler  *rest.Handler
	door     Door
	audit    *audit.Log
	tls      *tlsfiles.Server
	closers  []io.Closer
	// distrusted is whether it was said that the house table service does not trust this
	// catalog.
	distrusted atomic.Bool
}

// New puts a service together. Without a connection it dials cfg.HouseTable; a
// connection that is given stays the caller's.
func New(ctx context.Context, cfg Config, conn grpc.ClientConnInterface, log *slog.Logger) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	meters, err := telemetry.NewMeters()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: log, meters: meters, meter: meters.Meter(meterName), closers: []io.Closer{meters}}
	if err := s.open(ctx, conn); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context, conn grpc.ClientConnInterface) error {
	if err := s.openDoor(); err != nil {
		return err
	}
	if err := s.openAudit(); err != nil {
		return err
	}
	var err error
	if s.tls, err = s.cfg.OpenTLS(s.log, s.meter); err != nil {
		return err
	}
	pointers := hts.New
	if conn == nil {
		pointers = hts.Dialed
	}
	if conn, err = s.connect(conn); err != nil {
		return err
	}
	if conn, err = hts.Measure(conn, s.meter); err != nil {
		return fmt.Errorf("measure calls: %w", err)
	}
	s.pointers = pointers(conn)
	if s.ring, err = s.cfg.Ring(); err != nil {
		return err
	}
	files, err := s.openProfiles(ctx)
	if err != nil {
		return err
	}
	outcomes, err := s.openReplays()
	if err != nil {
		return err
	}
	scans, err := scan.New(files, s.planning(), s.log)
	if err != nil {
		return err
	}
	queue, err := s.openReports(conn)
	if err != nil {
		return err
	}
	settings, err := s.settings(queue)
	if err != nil {
		return err
	}
	if err := s.openDecider(conn, &settings); err != nil {
		return err
	}
	if s.domain, err = catalog.New(s.pointers, files, outcomes, settings, s.log); err != nil {
		return fmt.Errorf("make catalog: %w", err)
	}
	options := s.protocol(scans)
	options.Delegation, options.Signers, options.SignerKey = files, files, s.signerKey()
	if s.handler, err = rest.New(s.domain, options, s.log); err != nil {
		return err
	}
	return s.startRemoval(ctx, conn, files)
}

func (s *Server) protocol(scans *scan.Planner) rest.Options {
	options := rest.Options{Separator: s.cfg.NamespaceSeparator, BodyLimit: s.cfg.BodyLimit, Scans: scans, Meter: s.meter}
	if bearer, ok := s.door.Who.(*authn.Bearer); ok {
		options.Tokens = bearer.Granted
	}
	return options
}

func (s *Server) settings(queue catalog.Reports) (catalog.Settings, error) {
	profile, err := s.cfg.profile()
	return catalog.Settings{
		Storage:              profile,
		WarehouseRoot:        s.cfg.WarehouseRoot,
		AllowedRoots:         s.cfg.AllowedRoots,
		AnyLocation:          s.cfg.local() && len(s.cfg.AllowedRoots) == 0,
		OverlappingLocations: s.cfg.OverlappingLocations,
		StagedRetention:      s.cfg.StagedRetention,
		VerifyFiles:          s.cfg.local(),
		CacheBytes:           s.cfg.CacheBytes,
		CommitDeadline:       s.cfg.CommitDeadline,
		MaxKeyAge:            s.cfg.MaxKeyAge,
		Meter:                s.meter,
		Reports:              queue,
	}, err
}

func (s *Server) planning() scan.Settings {
	return scan.Settings{
		Key:         s.cfg.PlanKey,
		CacheBytes:  s.cfg.PlanCacheBytes,
		Concurrency: s.cfg.PlanConcurrency,
		Deadline:    s.cfg.PlanDeadline,
		SubmitFiles: s.cfg.PlanSubmitFiles,
		Meter:       s.meter,
	}
}

func (s *Server) connect(conn grpc.ClientConnInterface) (grpc.ClientConnInterface, error) {
	if conn != nil {
		return conn, nil
	}
	if err := s.cfg.validateStandalone(); err != nil {
		return nil, err
	}
	secured, err := s.cfg.HouseTableTLS.Dial("housetable-", s.log)
	if err != nil {
		return nil, err
	}
	dialled, err := grpcclient.Dial(s.cfg.HouseTable, append(secured, authn.CarryFile(s.cfg.TokenFile)...)...)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, dialled)
	return dialled, nil
}

func (s *Server) openReplays() (catalog.Replays, error) {
	epoch := replays.Follow(s.pointers.Epoch)
	s.closers = append(s.closers, epoch)
	outcomes, err := s.newReplays(epoch)
	if err == nil {
		s.closers = append(s.closers, outcomes)
	}
	return outcomes, err
}

func (s *Server) newReplays(epoch *replays.Epoch) (closingReplays, error) {
	if s.cfg.RedisURL == "" {
		return replays.NewMemory(epoch)
	}
	return replays.OpenRedis(s.cfg.RedisURL, epoch, s.meter, s.log)
}

type closingReplays interface {
	catalog.Replays
	io.Closer
}

// Handler serves everything under /v1, with request ids, a log and a net under
// panics. It decides on the path as it was sent: in front of it may be nothing
// that cleans paths, as http.ServeMux does.
func (s *Server) Handler() http.Handler {
	return httpserver.Observe(s.guarded(), s.log, func(w http.ResponseWriter, r *http.Request) {
		s.handler.Fail(w, r, fault.New(fault.Internal, "panic"))
	})
}

// Change takes over what newer settings say of what can change while the service
// runs: whose tokens are believed, and how much one caller may ask. On errors nothing
// changes.
func (s *Server) Change(newer Config) error {
	if err := newer.Limits.Check(); err != nil {
		return err
	}
	if err := newer.ChangeIssuers(s.door.Who); err != nil {
		return err
	}
	return s.door.Limits.Change(newer.Limits)
}

// Meter is what the service measures on.
func (s *Server) Meter() metric.Meter { return s.meter }

// Meters hold what the service measures.
func (s *Server) Meters() *telemetry.Meters { return s.meters }

// Close releases what New opened, in the reverse order.
func (s *Server) Close() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer.Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Serve listens on cfg.Listen until ctx ends, then lets requests in flight
// finish and closes the server.
func (s *Server) Serve(ctx context.Context) error {
	stopInternal, err := s.serveInternal(ctx)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer stopInternal()
	probes := httpserver.NewProbes(s.Ready)
	listener, err := httpserver.Listen(ctx, s.cfg.Listen, s.front(probes), httpserver.Options{Settings: s.cfg.HTTP, TLS: s.tls.Config(), Longest: s.cfg.CommitDeadline + answerTime}, s.log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	stop := context.AfterFunc(ctx, probes.Drain)
	defer stop()
	s.log.InfoContext(ctx, "catalog listens", "address", listener.Addr())
	return errors.Join(listener.Serve(ctx), s.Close())
}

// front tells probes and metrics from the protocol, without touching the path.
func (s *Server) front(probes *httpserver.Probes) http.Handler {
	mux := http.NewServeMux()
	probes.Register(mux)
	mux.Handle("GET /metrics", telemetry.Scrape(s.meters))
	handler := s.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/livez", "/startedz", "/readyz", "/metrics":
			mux.ServeHTTP(w, r)
		default:
			handler.ServeHTTP(w, r)
		}
	})
}
