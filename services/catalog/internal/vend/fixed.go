package vend

import (
	"context"
	"maps"
)

// Fixed hands out one key of S3 as it is, for stores that cannot narrow keys. It
// opens whatever the store lets it open: it is the operator who chose that. Who may
// only read gets none, as it writes.
type Fixed struct{ config, key map[string]string }

var _ Issuer = (*Fixed)(nil)

// NewFixed makes an issuer of one key; of cfg it needs what clients are told.
func NewFixed(id, secret string, cfg S3Config) *Fixed {
	return &Fixed{config: cfg.clients(), key: s3Key(id, secret, "", never).Config}
}

// Static implements Issuer.
func (f *Fixed) Static() map[string]string { return maps.Clone(f.config) }

// RefreshKey implements Issuer; the key does not end.
func (*Fixed) RefreshKey() string { return "" }

// Issue implements Issuer.
func (f *Fixed) Issue(_ context.Context, s Scope) (Key, error) {
	if !s.Write {
		return Key{}, nil
	}
	return Key{Config: f.key}, nil
}
