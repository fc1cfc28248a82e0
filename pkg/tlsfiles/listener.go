package tlsfiles

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Listener is what an operator says of the TLS of all that a program listens on.
type Listener struct {
	TLSCertFile     string `name:"tls-cert-file" env:"IGLOO_TLS_CERT_FILE" help:"Serve TLS, with the certificate (PEM, with those between it and its authority) in this file; it is read again when it changes. Goes with tls-key-file." placeholder:"FILE"`
	TLSKeyFile      string `name:"tls-key-file" env:"IGLOO_TLS_KEY_FILE" help:"Key (PEM) of the certificate; it is read again when it changes." placeholder:"FILE"`
	TLSClientCAFile string `name:"tls-client-ca-file" env:"IGLOO_TLS_CLIENT_CA_FILE" help:"Let in who shows a certificate of the authorities (PEM) in this file, without a token; it is read again when it changes. Needs tls-cert-file." placeholder:"FILE"`
}

// Check refuses settings that cannot work.
func (l Listener) Check() error {
	if err := together(l.TLSCertFile, l.TLSKeyFile, ""); err != nil {
		return err
	}
	if l.TLSClientCAFile != "" && l.TLSCertFile == "" {
		return errors.New("tls-client-ca-file needs tls-cert-file: clients show certificates over TLS alone")
	}
	return nil
}

// ForClients reports whether callers may prove who they are by certificate.
func (l Listener) ForClients() bool { return l.TLSClientCAFile != "" }

// OpenTLS reads the files. The result is nil where TLS is not asked for.
func (l Listener) OpenTLS(log *slog.Logger, meter metric.Meter) (*Server, error) {
	if err := l.Check(); err != nil || l.TLSCertFile == "" {
		return nil, err
	}
	s := &Server{kept: &kept[*tls.Config]{paths: []string{l.TLSCertFile, l.TLSKeyFile, l.TLSClientCAFile}, make: l.config, log: log}}
	told, err := measure(meter, s.ends)
	if err != nil {
		return nil, err
	}
	s.kept.told = told
	if err := s.kept.open(); err != nil {
		return nil, fmt.Errorf("tls-cert-file: %w", err)
	}
	return s, nil
}

// config is made anew for each change of a file: session tickets, which belong to
// a config, so end with the authorities that a client was checked against.
func (l Listener) config(contents [][]byte) (*tls.Config, error) {
	own, err := pair(contents[0], contents[1])
	if err != nil {
		return nil, err
	}
	config := modern()
	config.Certificates = []tls.Certificate{own}
	if !l.ForClients() {
		return config, nil
	}
	// Who shows none may have a token, or ask what is open to all: that is for
	// whoever decides who is let in.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	config.ClientCAs, err = authorities(contents[2])
	return config, err
}

// Server is the TLS of listeners.
type Server struct{ kept *kept[*tls.Config] }

// Config is for a listener: each handshake takes the files as they are. It is nil
// where there is no TLS.
func (s *Server) Config() *tls.Config {
	if s == nil {
		return nil
	}
	config := modern()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.kept.get(), nil }
	return config
}

// Options are those of a gRPC server.
func (s *Server) Options() []grpc.ServerOption {
	if s == nil {
		return nil
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(s.Config()))}
}

// ends is when the certificate in use does, in seconds since 1970.
func (s *Server) ends() int64 { return s.kept.get().Certificates[0].Leaf.NotAfter.Unix() }
