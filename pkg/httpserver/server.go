// Package httpserver owns how Igloo listens on HTTP: limits on everything a
// client can make slow or large, an id for every request, a line of log for
// each, and an end that lets requests in flight finish.
//
// It promises that no connection, header or body is without a limit, that a
// panic costs one request and not the process, and that Serve returns only when
// the last request has been answered or the grace is over.
package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The limits of every listener.
const (
	// readHeaderTimeout bounds a client that sends its headers a byte at a time.
	readHeaderTimeout = 10 * time.Second
	// readTimeout bounds a whole request, body included.
	readTimeout = 60 * time.Second
	// writeTimeout bounds handler and answer; longer than any commit's deadline.
	writeTimeout = 120 * time.Second
	// idleTimeout bounds a kept-alive connection between requests.
	idleTimeout = 120 * time.Second
	// maxHeaderBytes bounds the request line and the headers.
	maxHeaderBytes = 64 << 10
	// grace is how long requests in flight may take once Serve shall end.
	grace = 30 * time.Second
)

// Server is a listener with a handler; it accepts from the moment Listen returns.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Options are how a server listens.
type Options struct {
	// TLS, when set, is spoken instead of plain HTTP.
	TLS *tls.Config
}

// Listen binds addr ("host:port"; port 0 picks a free one).
func Listen(ctx context.Context, addr string, handler http.Handler, options Options, log *slog.Logger) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return &Server{listener: listener, http: &http.Server{
		Handler:           handler,
		TLSConfig:         options.TLS,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
}

// Addr is the address that is listened on: "127.0.0.1:8181".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is where it is reached: "https://127.0.0.1:8181".
func (s *Server) URL() string {
	if s.http.TLSConfig == nil {
		return "http://" + s.Addr()
	}
	return "https://" + s.Addr()
}

func (s *Server) accept() error {
	if s.http.TLSConfig == nil {
		return s.http.Serve(s.listener)
	}
	return s.http.ServeTLS(s.listener, "", "")
}

// Serve answers requests until ctx ends, then lets those in flight finish.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.accept() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.http.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("drain %s: %w", s.Addr(), err), s.http.Close())
	}
	return nil
}
