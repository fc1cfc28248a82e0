package server

import (
	"cmp"
	"context"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/vend"
)

// openDelegation is nil when there is nothing to make keys with.
func (s *Server) openDelegation(ctx context.Context) (catalog.Delegation, error) {
	issuers := map[string]vend.Issuer{}
	if s.cfg.S3RoleARN != "" {
		client, err := s3.TokenService(ctx, s.cfg.s3(), s.cfg.S3STSEndpoint)
		if err != nil {
			return nil, err
		}
		issuers["s3"] = vend.NewS3(client, vend.S3Config{
			RoleARN: s.cfg.S3RoleARN, ExternalID: s.cfg.S3ExternalID, Life: cmp.Or(s.cfg.DelegationLife, time.Hour),
			Region: s.cfg.S3Region, Endpoint: s.cfg.S3Endpoint, PathStyle: s.cfg.S3PathStyle,
		})
	}
	if len(issuers) == 0 || s.cfg.Delegation == string(vend.Never) {
		return nil, nil
	}
	return vend.New(cmp.Or(vend.Policy(s.cfg.Delegation), vend.OnRequest), issuers)
}
