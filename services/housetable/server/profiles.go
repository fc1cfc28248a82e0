package server

import (
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/internal/rpc"
)

// identity is how the service says who it is.
func (c *Config) identity() []grpc.DialOption {
	if c.TokenFile == "" {
		return nil
	}
	return []grpc.DialOption{authn.Carry(authn.TokenFile(c.TokenFile))}
}

// openProfiles prepares what warehouses with storage of their own need.
func (s *Server) openProfiles() error {
	s.prober = io.NopCloser(nil)
	ring, err := s.config.Ring()
	if err != nil {
		return err
	}
	conn := s.config.ProberConn
	if conn == nil && s.config.Prober != "" {
		dialled, err := grpcclient.Dial(s.config.Prober, s.config.identity()...)
		if err != nil {
			return errors.Join(errors.New("prober cannot be reached"), err)
		}
		conn, s.prober = dialled, dialled
	}
	s.profiles = rpc.Profiles{Ring: ring}
	if conn != nil {
		s.profiles.Prober = htsv1.NewProbeServiceClient(conn)
	}
	return nil
}
