package server

import (
	"errors"
	"io"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/internal/rpc"
)

// openProfiles prepares what warehouses with storage of their own need.
func (s *Server) openProfiles() error {
	s.prober = io.NopCloser(nil)
	ring, err := s.config.Ring()
	if err != nil {
		return err
	}
	conn := s.config.ProberConn
	if conn == nil && s.config.Prober != "" {
		secured, err := s.config.ProberTLS.Dial("prober-", s.log)
		if err != nil {
			return err
		}
		dialled, err := grpcclient.Dial(s.config.Prober, append(secured, authn.CarryFile(s.config.TokenFile)...)...)
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
