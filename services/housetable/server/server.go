// Package server composes the house table service: store, group commit, gRPC
// services, REST gateway.
//
// It promises that what it serves over the wire and in process is the same:
// same handlers, same interceptors, same errors.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/gateway"
	"github.com/igloo-catalog/igloo/services/housetable/internal/lane"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
	"github.com/igloo-catalog/igloo/services/housetable/internal/rpc"
	"github.com/igloo-catalog/igloo/services/housetable/internal/sqlite"
)

// meterName is under which the composition itself measures.
const meterName = "github.com/igloo-catalog/igloo/services/housetable/server"

// Server is the service with its store open.
type Server struct {
	config  Config
	log     *slog.Logger
	store   housetable.Store
	lane    *lane.Lane
	channel *inprocgrpc.Channel
	gateway http.Handler
	meters  *telemetry.Meters
	sweeper *sweeper
	who     authn.Authenticator
	// measured tells of calls.
	measured grpc.UnaryServerInterceptor
	tls      *tlsfiles.Server
	limits   *limit.Limits
	audit    *audit.Log
	// decider says who may do what.
	decider  authz.Decider
	deciding io.Closer
	// profiles, and the connection to the prober that they use if it is ours.
	profiles rpc.Profiles
	prober   io.Closer
	// ending is closed by end: streams end then.
	ending chan struct{}
	end    func()
}

// New opens the store and builds the services. The caller closes the server.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	meters, err := telemetry.NewMeters()
	if err != nil {
		return nil, err
	}
	store, err := open(ctx, cfg, meters)
	if err != nil {
		return nil, err
	}
	commits, err := lane.New(store, cfg.limits(), meters)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s := &Server{config: cfg, log: log, store: store, lane: commits, meters: meters}
	if err := s.openDoor(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if s.decider, s.deciding, err = s.openDecider(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.ending = make(chan struct{})
	s.end = sync.OnceFunc(func() { close(s.ending) })
	if err := s.openProfiles(); err != nil {
		return nil, errors.Join(err, s.deciding.Close(), store.Close())
	}
	s.channel = s.inProcess(authn.Unary(nil))
	if s.gateway, err = gateway.New(ctx, grpcclient.InProcess(s.inProcess(passOn)), rpc.CreatedHeader); err != nil {
		return nil, errors.Join(err, s.deciding.Close(), store.Close())
	}
	if s.audit, err = cfg.OpenAudit("housetable", meters.Meter(meterName), log); err != nil {
		return nil, errors.Join(err, s.deciding.Close(), s.prober.Close(), store.Close())
	}
	s.sweeper = startSweeper(ctx, chores(store, cfg.Upkeep), log)
	return s, nil
}

// openDoor decides who is let in, how, and how much they may ask.
func (s *Server) openDoor() (err error) {
	if s.who, err = s.config.door(); err != nil {
		return err
	}
	meter := s.meters.Meter(meterName)
	if s.measured, err = grpcserver.Measure(meter); err != nil {
		return err
	}
	if s.tls, err = s.config.OpenTLS(s.log, meter); err != nil {
		return err
	}
	if s.limits = s.config.Shared; s.limits == nil {
		s.limits, err = s.config.Limits.New(meter)
	}
	return err
}

// passOn lets calls know who asks, as the request knew that they are made for, and
// be part of what is told of that.
func passOn(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	caller := inprocgrpc.ClientContext(ctx)
	ctx = audit.Adopt(ctx, caller, info.FullMethod, request)
	return handler(authn.With(ctx, authn.From(caller)), request)
}

// inProcess is a channel to the services, behind what finds out who asks.
func (s *Server) inProcess(who grpc.UnaryServerInterceptor) *inprocgrpc.Channel {
	channel := &inprocgrpc.Channel{}
	channel.WithServerUnaryInterceptor(grpcserver.Unary(s.log, grpcserver.Chain(who, s.measured)))
	channel.WithServerStreamInterceptor(grpcserver.Stream(s.log, authn.Stream(nil)))
	s.Register(channel)
	return channel
}

// open is the one place that knows both stores.
func open(ctx context.Context, cfg Config, meters metric.MeterProvider) (housetable.Store, error) {
	if !cfg.postgres() {
		return opened(sqlite.Open(ctx, cfg.file()))
	}
	if cfg.Migrate {
		if err := postgres.Migrate(ctx, cfg.DatabaseURL); err != nil {
			return nil, fmt.Errorf("migrate the database: %w", err)
		}
	}
	store, err := openPostgres(ctx, cfg, postgres.Options{Connections: cfg.Connections, Pooler: cfg.Pooler, Meters: meters})
	if err != nil {
		return nil, err
	}
	coalesced, err := lane.Coalesce(store, cfg.readLimits(), meters)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return coalesced, nil
}

// openPostgres has lists come from a standby, if there is one.
func openPostgres(ctx context.Context, cfg Config, o postgres.Options) (housetable.Store, error) {
	primary, err := postgres.Open(ctx, cfg.DatabaseURL, o)
	if err != nil || cfg.Standby == "" {
		return opened(primary, err)
	}
	relieved, err := opened(postgres.Relieve(ctx, primary, cfg.Standby, o))
	if err != nil {
		return nil, errors.Join(err, primary.Close())
	}
	return relieved, nil
}

func opened[S housetable.Store](store S, err error) (housetable.Store, error) {
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return store, nil
}

// Register adds the services to r.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	rpc.Register(r, s.store, s.lane, rpc.Options{
		ImplicitDatabases: s.config.ImplicitDatabases, SoftDeleteTTL: s.config.SoftDeleteTTL,
		OperationRetention: s.config.OperationRetention, Trusted: s.config.TrustedServices, Ending: s.ending,
		Profiles: s.profiles, Decider: s.decider, Settling: rpc.Settling(s.config.Access.Lag()),
	})
}

// Conn reaches the services in process. Messages are copied, and calls pass the
// interceptors they would pass on the wire, but for who calls: that is for whoever
// serves both.
func (s *Server) Conn() grpc.ClientConnInterface { return grpcclient.InProcess(s.channel) }

// Gateway serves everything under /hts, to those who are let in.
func (s *Server) Gateway() http.Handler {
	audited := s.limits.Guard(s.audit.Handler(s.gateway), gateway.Fail)
	guarded := authn.Guard(audited, s.who, s.limits.Refusals(gateway.Fail))
	return httpserver.Observe(guarded, s.log, func(w http.ResponseWriter, r *http.Request) {
		gateway.Fail(w, r, fault.New(fault.Internal, "panic"))
	})
}

// Change takes over what newer settings say of what can change while the service
// runs: whose tokens are believed, and how much one caller may ask. On errors nothing
// changes.
func (s *Server) Change(newer Config) error {
	if err := newer.Limits.Check(); err != nil {
		return err
	}
	if err := newer.ChangeIssuers(s.who); err != nil {
		return err
	}
	return s.limits.Change(newer.Limits)
}

// Meter is what the service measures on.
func (s *Server) Meter() metric.Meter { return s.meters.Meter(meterName) }

// Meters hold what the service measures.
func (s *Server) Meters() *telemetry.Meters { return s.meters }

// Ready is nil when the service can answer.
func (s *Server) Ready(ctx context.Context) error { return s.store.Ready(ctx) }

// Close ends the background work and the store's connections.
func (s *Server) Close() error {
	s.end()
	s.sweeper.stop()
	return errors.Join(s.deciding.Close(), s.prober.Close(), s.store.Close(), s.audit.Close(), s.meters.Close())
}

// Migrate brings the database to the schema that this build needs.
func Migrate(ctx context.Context, databaseURL string) error {
	cfg := Config{DatabaseURL: databaseURL, Migrate: true}
	cfg.fill()
	store, err := open(ctx, cfg, noop.NewMeterProvider())
	if err != nil {
		return err
	}
	return store.Close()
}
