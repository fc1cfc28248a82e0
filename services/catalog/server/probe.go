package server

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/probe"
	"github.com/igloo-catalog/igloo/services/catalog/internal/profiles"
)

// drainTime is how long calls in flight may take once the service is told to end.
const drainTime = 15 * time.Second

// Register adds what the house table service asks of this one to r.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	htsv1.RegisterProbeServiceServer(r, &prober{server: s})
}

// prober tries storage for the house table service.
type prober struct {
	htsv1.UnimplementedProbeServiceServer

	server *Server
}

// ProbeStorage implements the generated server.
func (p *prober) ProbeStorage(ctx context.Context, r *htsv1.ProbeStorageRequest) (*htsv1.ProbeStorageResponse, error) {
	if err := p.server.cfg.admit(ctx); err != nil {
		return nil, err
	}
	w := hts.WarehouseOf(r.GetWarehouse())
	if w.Storage == nil {
		return nil, fault.Field("warehouse.storage", "must be set")
	}
	roots, err := p.server.domain.Roots(w)
	if err != nil {
		return nil, err
	}
	opened, err := p.server.openWarehouse(ctx, w)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the storage of warehouse %q cannot be opened: %s", w.Name, reason(err))
	}
	defer opened.Close() //nolint:errcheck // nothing is under way
	if err := probe.Roots(ctx, opened.Store, append([]string{w.Location}, w.Storage.AllowedRoots...)); err != nil {
		return nil, err
	}
	return &htsv1.ProbeStorageResponse{Roots: roots}, nil
}

// reason is why storage cannot be opened, in words that tell no secret.
func reason(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return "the log of the catalog service has the reason"
	}
	return fault.Shown(err)
}

// openWarehouse opens the profile of a warehouse that has one.
func (s *Server) openWarehouse(ctx context.Context, w catalog.Warehouse) (profiles.Opened, error) {
	profile, err := w.Storage.Opened(func(field, sealed string) (string, error) { return s.ring.Open(sealed, w.Name, field) })
	if err != nil {
		return profiles.Opened{}, fault.Wrap(fault.Unavailable, err, "the storage of warehouse %q cannot be reached: %v", w.Name, err)
	}
	return s.openProfile(ctx, profile)
}

// serveInternal answers the house table service on cfg.InternalListen, until the
// function that it returns is called.
func (s *Server) serveInternal(ctx context.Context) (stop func(), err error) {
	if s.cfg.InternalListen == "" {
		return func() {}, nil
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", s.cfg.InternalListen)
	if err != nil {
		return nil, fmt.Errorf("listen for the house table service: %w", err)
	}
	server, health := grpcserver.New(s.log, s.door.Who, append(s.tls.Options(), s.door.Limits.Interceptors()...)...)
	s.Register(server)
	s.log.InfoContext(ctx, "catalog answers the house table service", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	return func() {
		health.Shutdown()
		timer := time.AfterFunc(drainTime, server.Stop)
		defer timer.Stop()
		server.GracefulStop()
		if err := <-failed; err != nil {
			s.log.WarnContext(ctx, "the house table service was not answered to the end", "error", err)
		}
	}, nil
}
