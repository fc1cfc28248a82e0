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
func (s *Server) openDelegation(ctx context.Context, p catalog.StorageProfile) (catalog.Delegation, error) {
	if p.Delegation == catalog.DelegateNever {
		return nil, nil
	}
	issuers := map[string]vend.Issuer{}
	for _, open := range []func(context.Context, catalog.StorageProfile) (map[string]vend.Issuer, error){s3Issuer, gcsIssuer, s.adlsIssuer} {
		opened, err := open(ctx, p)
		if err != nil {
			return nil, err
		}
		maps.Copy(issuers, opened)
	}
	if len(issuers) == 0 {
		return nil, nil
	}
	return vend.New(cmp.Or(p.Delegation, catalog.DelegateOnRequest), issuers, s.meter)
}

// s3Issuer is none when no keys to S3 are given to clients.
func s3Issuer(ctx context.Context, p catalog.StorageProfile) (map[string]vend.Issuer, error) {
	if p.S3 == nil {
		return nil, nil
	}
	cfg := vend.S3Config{
		RoleARN: p.S3.RoleARN, ExternalID: p.S3.ExternalID, Life: keyLife(p),
		Region: p.S3.Region, Endpoint: p.S3.Endpoint, PathStyle: p.S3.PathStyle,
	}
	switch {
	case p.S3.ClientKeyID != "":
		return map[string]vend.Issuer{"s3": vend.NewFixed(p.S3.ClientKeyID, string(p.S3.ClientSecretKey), cfg)}, nil
	case p.S3.RoleARN == "":
		return nil, nil
	}
	client, err := s3.TokenService(ctx, s3Config(p.S3), p.S3.STSEndpoint)
	if err != nil {
		return nil, err
	}
	return map[string]vend.Issuer{"s3": vend.NewS3(client, cfg)}, nil
}

// gcsIssuer is none when no tokens are narrowed for clients.
func gcsIssuer(ctx context.Context, p catalog.StorageProfile) (map[string]vend.Issuer, error) {
	if p.GCS == nil || !p.GCS.VendedTokens {
		return nil, nil
	}
	tokens, err := gcs.NewTokenService(gcsConfig(p.GCS), p.GCS.STSEndpoint)
	if err != nil {
		return nil, err
	}
	issuer := vend.NewGCS(tokens, vend.GCSConfig{Project: tokens.Project(ctx), Endpoint: p.GCS.Endpoint})
	return map[string]vend.Issuer{"gs": issuer}, nil
}

// adlsIssuer is none when nothing is signed for clients.
func (s *Server) adlsIssuer(_ context.Context, p catalog.StorageProfile) (map[string]vend.Issuer, error) {
	if p.ADLS == nil || !p.ADLS.VendedSAS {
		return nil, nil
	}
	signer, err := adls.NewSigner(adlsConfig(p.ADLS))
	if err != nil {
		return nil, err
	}
	return map[string]vend.Issuer{"abfs": vend.NewADLS(signer, keyLife(p), s.log)}, nil
}

func keyLife(p catalog.StorageProfile) time.Duration { return cmp.Or(p.KeyLife, time.Hour) }
