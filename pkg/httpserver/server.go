// Package httpserver owns how Igloo listens on HTTP: limits on everything a
// client can make slow or large, an id for every request, a line of log for
// each, and an end that lets requests in flight finish.
//
// It promises that no connection, header or body is without a limit, that a
// panic costs one request and not the process, and that Serve returns only when
// the last request has been answered or the grace is over.
package httpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// grace is how long requests in flight may take, at the least, once Serve shall end.
const grace = 30 * time.Second

// Settings are the limits of a listener. A zero field means its default.
type Settings struct {
	ReadHeaderTimeout time.Duration `default:"10s" env:"IGLOO_READ_HEADER_TIMEOUT" help:"Hang up on an HTTP client that takes longer for a TLS handshake, or for the headers of a request." allowed:"0s or more; 0s stands for the default"`
	ReadTimeout       time.Duration `default:"60s" env:"IGLOO_READ_TIMEOUT" help:"Hang up on an HTTP client that takes longer for a whole request, body included. Large commits over slow lines need more." allowed:"0s or more; 0s stands for the default"`
	WriteTimeout      time.Duration `default:"120s" env:"IGLOO_WRITE_TIMEOUT" help:"Hang up when an HTTP request has taken longer, with its answer: longer than any commit's deadline, and shorter than what waits in front (an ingress)." allowed:"0s or more; 0s stands for the default"`
	IdleTimeout       time.Duration `default:"120s" env:"IGLOO_IDLE_TIMEOUT" help:"Keep an HTTP connection for this long between requests; longer than whatever keeps connections in front of it does." allowed:"0s or more; 0s stands for the default"`
	MaxHeaderBytes    int           `default:"65536" env:"IGLOO_MAX_HEADER_BYTES" help:"Refuse HTTP requests whose first line and headers are of more bytes, with 431." unit:"bytes" allowed:"0 or more; 0 stands for the default"`
	MaxConnections    int           `default:"16384" env:"IGLOO_MAX_CONNECTIONS" help:"Have at most this many HTTP connections open; the next wait for one of them to end. Below the limit of open files of the process." unit:"connections" allowed:"0 or more; 0 stands for the default"`
	DrainDelay        time.Duration `default:"0s" env:"IGLOO_DRAIN_DELAY" help:"Once told to end, say at /readyz that nothing is ready and serve on for this long: longer than whatever sends requests here takes to see it. Requests in flight are waited for after that." allowed:"0s or more"`
}

// Check refuses settings that cannot work.
func (s Settings) Check() error {
	if s.ReadHeaderTimeout < 0 || s.ReadTimeout < 0 || s.WriteTimeout < 0 || s.IdleTimeout < 0 || s.MaxHeaderBytes < 0 || s.MaxConnections < 0 || s.DrainDelay < 0 {
		return errors.New("read-header-timeout, read-timeout, write-timeout, idle-timeout, max-header-bytes, max-connections and drain-delay must not be negative")
	}
	return nil
}

func (s Settings) filled() Settings {
	return Settings{
		ReadHeaderTimeout: cmp.Or(s.ReadHeaderTimeout, 10*time.Second),
		ReadTimeout:       cmp.Or(s.ReadTimeout, 60*time.Second),
		WriteTimeout:      cmp.Or(s.WriteTimeout, 120*time.Second),
		IdleTimeout:       cmp.Or(s.IdleTimeout, 120*time.Second),
		MaxHeaderBytes:    cmp.Or(s.MaxHeaderBytes, 64<<10),
		MaxConnections:    cmp.Or(s.MaxConnections, 16<<10),
		DrainDelay:        s.DrainDelay,
	}
}

// Server is a listener with a handler; it accepts from the moment Listen returns.
type Server struct {
	listener net.Listener
	http     *http.Server
	// secured is kept beside: net/http makes up a TLS configuration of its own.
	secured bool
	// delay is how long it serves on once it shall end, grace what requests in
	// flight are then given.
	delay, grace time.Duration
	leaving      atomic.Bool
}

// Options are how a server listens.
type Options struct {
	Settings

	// TLS, when set, is spoken instead of plain HTTP.
	TLS *tls.Config

	// Longest is what the longest request takes. In flight when Serve shall end, it
	// is waited for.
	Longest time.Duration
}

// Listen binds addr ("host:port"; port 0 picks a free one).
func Listen(ctx context.Context, addr string, handler http.Handler, options Options, log *slog.Logger) (*Server, error) {
	if err := options.Check(); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	limits := options.filled()
	s := &Server{
		listener: netutil.LimitListener(listener, limits.MaxConnections), secured: options.TLS != nil,
		delay: limits.DrainDelay, grace: max(grace, options.Longest),
	}
	s.http = &http.Server{
		Handler:           s.parting(handler),
		TLSConfig:         options.TLS,
		ReadHeaderTimeout: limits.ReadHeaderTimeout,
		ReadTimeout:       limits.ReadTimeout,
		WriteTimeout:      limits.WriteTimeout,
		IdleTimeout:       limits.IdleTimeout,
		MaxHeaderBytes:    limits.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// parting has connections end with their next answer once the server shall end: who
// keeps one open learns it before a request of its own crosses the end of it.
func (s *Server) parting(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}

// Addr is the address that is listened on: "127.0.0.1:8181".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is where it is reached: "https://127.0.0.1:8181".
func (s *Server) URL() string {
	if !s.secured {
		return "http://" + s.Addr()
	}
	return "https://" + s.Addr()
}

func (s *Server) accept() error {
	if !s.secured {
		return s.http.Serve(s.listener)
	}
	return s.http.ServeTLS(s.listener, "", "")
}

// Serve answers requests until ctx ends and for the drain delay, then lets those in
// flight finish.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.accept() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	s.leaving.Store(true)
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", s.Addr(), err)
	case <-time.After(s.delay):
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	if err := s.http.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("drain %s: %w", s.Addr(), err), s.http.Close())
	}
	return nil
}
