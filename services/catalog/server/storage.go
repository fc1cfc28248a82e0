package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
)

// Storage is how the service reaches S3, and whatever speaks its protocol.
// Without a key it looks where AWS's own tools do: in the environment, in shared
// files, at a web identity, at the roles of containers and machines.
type Storage struct {
	S3Endpoint        string `name:"s3-endpoint" env:"IGLOO_S3_ENDPOINT" help:"URL of a server that speaks S3; AWS's own without one." placeholder:"https://…"`
	S3Region          string `name:"s3-region" env:"IGLOO_S3_REGION" help:"Region of the buckets; what AWS's tools are told without one."`
	S3PathStyle       bool   `name:"s3-path-style" env:"IGLOO_S3_PATH_STYLE" help:"Name the bucket in the path of a request instead of its host."`
	S3AccessKeyID     string `name:"s3-access-key-id" env:"IGLOO_S3_ACCESS_KEY_ID" help:"Id of the key to S3; what AWS's tools find without one."`
	S3SecretAccessKey string `name:"s3-secret-access-key" env:"IGLOO_S3_SECRET_ACCESS_KEY" help:"The key to S3." secret:""`
}

// Validate refuses settings that cannot work. kong calls it.
func (s Storage) Validate() error {
	if (s.S3AccessKeyID == "") != (s.S3SecretAccessKey == "") {
		return errors.New("s3-access-key-id and s3-secret-access-key go together: one of them is missing")
	}
	return nil
}

// openStores opens the stores that the roots lie in, and no others.
func (s *Server) openStores(ctx context.Context) (*objectstore.Router, error) {
	local, err := s.openLocal()
	if err != nil {
		return nil, err
	}
	stores := objectstore.Stores{Local: local}
	if s.cfg.uses("s3") {
		if stores.S3, err = s3.Open(ctx, s.cfg.s3()); err != nil {
			return nil, fmt.Errorf("open storage: %w", err)
		}
	}
	return objectstore.NewRouter(stores), nil
}

func (s *Server) openLocal() (objectstore.Store, error) {
	if !s.cfg.uses("file") {
		return nil, nil
	}
	local, err := objectstore.OpenLocal(s.cfg.folders()...)
	if err != nil {
		return nil, fmt.Errorf("open storage: %w", err)
	}
	s.closers = append(s.closers, local)
	return local, nil
}

func (c Config) s3() s3.Config {
	return s3.Config{
		Region: c.S3Region, Endpoint: c.S3Endpoint, PathStyle: c.S3PathStyle,
		AccessKeyID: c.S3AccessKeyID, SecretAccessKey: c.S3SecretAccessKey,
	}
}
