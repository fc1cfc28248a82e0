package server

import (
	"cmp"
	"context"
	"crypto/rand"

	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/sign"
)

// openSigner is nil when a profile has no S3, or gives clients nothing.
func (s *Server) openSigner(ctx context.Context, p catalog.StorageProfile) (catalog.Signer, error) {
	if p.S3 == nil || p.Delegation == catalog.DelegateNever {
		return nil, nil
	}
	region, credentials, err := s3.Identity(ctx, s3Config(p.S3))
	if err != nil {
		return nil, err
	}
	signer, err := sign.NewS3(sign.Config{
		Policy: cmp.Or(p.Delegation, catalog.DelegateOnRequest),
		Region: region, Endpoint: p.S3.Endpoint, PathStyle: p.S3.PathStyle, Credentials: credentials,
	})
	if err != nil {
		s.log.WarnContext(ctx, "no requests to S3 are signed for clients", "error", err)
		return nil, nil
	}
	return signer, nil
}

// signerKey is the same for all replicas that have the key of plans.
func (s *Server) signerKey() []byte {
	if s.cfg.PlanKey != "" {
		return []byte(s.cfg.PlanKey)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}
