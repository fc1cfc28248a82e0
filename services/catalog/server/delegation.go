package server

import (
	"cmp"
	"context"
	"maps"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/vend"
)

// openDelegation is nil when there is nothing to make keys with.
func (s *Server) openDelegation(ctx context.Context) (catalog.Delegation, error) {
	if s.cfg.Delegation == string(vend.Never) {
		return nil, nil
	}
	issuers := map[string]vend.Issuer{}
	for _, open := range []func(context.Context) (map[string]vend.Issuer, error){s.cfg.s3Issuer, s.cfg.gcsIssuer, s.adlsIssuer} {
		opened, err := open(ctx)
		if err != nil {
			return nil, err
		}
		maps.Copy(issuers, opened)
	}
	if len(issuers) == 0 {
		return nil, nil
	}
	return vend.New(cmp.Or(vend.Policy(s.cfg.Delegation), vend.OnRequest), issuers, s.meter)
}

// s3Issuer is none when no keys to S3 are given to clients.
func (s Storage) s3Issuer(ctx context.Context) (map[string]vend.Issuer, error) {
	cfg := vend.S3Config{
		RoleARN: s.S3RoleARN, ExternalID: s.S3ExternalID, Life: s.keyLife(),
		Region: s.S3Region, Endpoint: s.S3Endpoint, PathStyle: s.S3PathStyle,
	}
	switch {
	case s.S3ClientKeyID != "":
		return map[string]vend.Issuer{"s3": vend.NewFixed(s.S3ClientKeyID, s.S3ClientSecretKey, cfg)}, nil
	case s.S3RoleARN == "":
		return nil, nil
	}
	client, err := s3.TokenService(ctx, s.s3(), s.S3STSEndpoint)
	if err != nil {
		return nil, err
	}
	return map[string]vend.Issuer{"s3": vend.NewS3(client, cfg)}, nil
}

// gcsIssuer is none when no tokens are narrowed for clients.
func (s Storage) gcsIssuer(ctx context.Context) (map[string]vend.Issuer, error) {
	if !s.GCSVendedTokens {
		return nil, nil
	}
	cfg, err := s.gcs()
	if err != nil {
		return nil, err
	}
	tokens, err := gcs.NewTokenService(cfg, s.GCSSTSEndpoint)
	if err != nil {
		return nil, err
	}
	issuer := vend.NewGCS(tokens, vend.GCSConfig{Project: tokens.Project(ctx), Endpoint: s.GCSEndpoint})
	return map[string]vend.Issuer{"gs": issuer}, nil
}

// adlsIssuer is none when nothing is signed for clients.
func (s *Server) adlsIssuer(context.Context) (map[string]vend.Issuer, error) {
	if !s.cfg.ADLSVendedSAS {
		return nil, nil
	}
	signer, err := adls.NewSigner(s.cfg.adls())
	if err != nil {
		return nil, err
	}
	return map[string]vend.Issuer{"abfs": vend.NewADLS(signer, s.cfg.keyLife(), s.log)}, nil
}

func (s Storage) keyLife() time.Duration { return cmp.Or(s.DelegationLife, time.Hour) }
