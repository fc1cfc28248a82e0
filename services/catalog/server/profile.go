package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/profiles"
)

// openProfiles opens the profile of warehouses without their own, so that what is
// wrong with it is told at the start, and makes the registry of all others.
func (s *Server) openProfiles(ctx context.Context) (*profiles.Registry, error) {
	configured, err := s.cfg.profile()
	if err != nil {
		return nil, err
	}
	opened, err := s.openProfile(ctx, configured)
	if err != nil {
		return nil, fmt.Errorf("open storage: %w", err)
	}
	s.closers = append(s.closers, closer(opened.Close))
	registry := profiles.New(profiles.Settings{
		Default: opened,
		Find:    s.pointers.Warehouse,
		Open:    s.openWarehouse,
	})
	s.closers = append(s.closers, registry)
	return registry, nil
}

// closer is an io.Closer of one function.
type closer func() error

// Close implements io.Closer.
func (c closer) Close() error { return c() }

// openProfile opens the stores of a profile, and whatever makes keys to them. It
// connects to nothing.
func (s *Server) openProfile(ctx context.Context, p catalog.StorageProfile) (profiles.Opened, error) {
	opened := profiles.Opened{Close: func() error { return nil }}
	stores := map[string]objectstore.Store{}
	if err := openRemote(ctx, p, stores); err != nil {
		return opened, err
	}
	delegation, err := s.openDelegation(ctx, p)
	if err != nil {
		return opened, err
	}
	if opened.Signer, err = s.openSigner(ctx, p); err != nil {
		return opened, err
	}
	if p.Local != nil {
		local, err := objectstore.OpenLocal(p.Local.Folders...)
		if err != nil {
			return opened, err
		}
		stores["file"], opened.Close = local, local.Close
	}
	for name, store := range stores {
		if stores[name], err = objectstore.Measure(store, name, s.meter); err != nil {
			return opened, errors.Join(err, opened.Close())
		}
	}
	opened.Store, opened.Delegation = objectstore.NewRouter(stores), delegation
	return opened, nil
}

// openRemote opens the stores that are servers.
func openRemote(ctx context.Context, p catalog.StorageProfile, stores map[string]objectstore.Store) (err error) {
	if p.S3 != nil {
		if stores["s3"], err = s3.Open(ctx, s3Config(p.S3)); err != nil {
			return err
		}
	}
	if p.GCS != nil {
		if stores["gs"], err = gcs.Open(ctx, gcsConfig(p.GCS)); err != nil {
			return err
		}
	}
	if p.ADLS != nil {
		if stores["abfs"], err = adls.Open(adlsConfig(p.ADLS)); err != nil {
			return err
		}
	}
	return nil
}

func s3Config(p *catalog.S3Storage) s3.Config {
	return s3.Config{
		Region: p.Region, Endpoint: p.Endpoint, PathStyle: p.PathStyle,
		AccessKeyID: p.AccessKeyID, SecretAccessKey: string(p.SecretAccessKey),
	}
}

func gcsConfig(p *catalog.GCSStorage) gcs.Config {
	return gcs.Config{Endpoint: p.Endpoint, ServiceAccount: []byte(p.ServiceAccount)}
}

func adlsConfig(p *catalog.ADLSStorage) adls.Config {
	return adls.Config{Account: p.Account, Endpoint: p.Endpoint, AccountKey: string(p.AccountKey)}
}
