package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// drainTime is how long calls in flight may take once the service is told to end.
const drainTime = 15 * time.Second

// Serve listens for gRPC and HTTP until ctx ends, then says that it is not
// ready, lets what is in flight finish, and returns.
func (s *Server) Serve(ctx context.Context) error {
	probes := httpserver.NewProbes(s.Ready)
	web, err := httpserver.Listen(ctx, s.config.HTTPListen, s.handler(probes), httpserver.Options{Settings: s.config.HTTP, TLS: s.tls.Config()}, s.log)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", s.config.GRPCListen)
	if err != nil {
		return fmt.Errorf("listen for gRPC: %w", err)
	}
	options := append(s.tls.Options(), s.limits.Interceptors()...)
	options = append(options, grpc.ChainUnaryInterceptor(s.measured))
	server, health := grpcserver.New(s.log, s.who, append(options, s.audit.Options()...)...)
	s.Register(server)
	s.log.InfoContext(ctx, "house table service is listening", "grpc", listener.Addr().String(), "http", web.Addr())

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(stopped)
		probes.Drain()
		health.Shutdown()
		// Callers that are sent away ask for addresses again, and not often: by then
		// this one is none of them.
		<-time.After(s.config.HTTP.DrainDelay)
		s.end()
		drain(server)
	})
	failed := make(chan error, 1)
	go func() {
		defer cancel() // one of the two ending ends the other
		failed <- server.Serve(listener)
	}()
	err = web.Serve(ctx)
	cancel()
	<-stopped
	return errors.Join(err, <-failed)
}

// handler leaves all but probes and metrics to the gateway, past the mux, which
// would answer a path that is not clean in words that are no client's.
func (s *Server) handler(probes *httpserver.Probes) http.Handler {
	mux := http.NewServeMux()
	probes.Register(mux)
	mux.Handle("GET /metrics", telemetry.Scrape(s.meters))
	hts := s.Gateway()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/livez", "/startedz", "/readyz", "/metrics":
			mux.ServeHTTP(w, r)
		default:
			hts.ServeHTTP(w, r)
		}
	})
}

// drain lets calls in flight finish, but not for ever.
func drain(server *grpc.Server) {
	timer := time.AfterFunc(drainTime, server.Stop)
	defer timer.Stop()
	server.GracefulStop()
}
