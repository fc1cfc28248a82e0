package vend

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
)

// ADLS makes keys to Azure: shared access signatures for one folder.
type ADLS struct {
	signer Signer
	life   time.Duration
	log    *slog.Logger
}

var _ Issuer = (*ADLS)(nil)

// Signer signs for the files below a location: an adls.Signer has it.
type Signer interface {
	// Sign returns what opens them, to read or to write them too, until expires;
	// adls.ErrNoFolders when it would open more than them.
	Sign(ctx context.Context, location string, write bool, expires time.Time) (string, error)
}

// NewADLS makes an issuer of keys that live for so long.
func NewADLS(signer Signer, life time.Duration, log *slog.Logger) *ADLS {
	return &ADLS{signer: signer, life: life, log: log}
}

// Static implements Issuer.
func (*ADLS) Static() map[string]string { return map[string]string{} }

// RefreshKey implements Issuer.
func (*ADLS) RefreshKey() string { return "adls.refresh-credentials-endpoint" }

// Issue implements Issuer. A signature is for one folder, and clients use one for
// an account: who would need more gets none.
func (a *ADLS) Issue(ctx context.Context, scope Scope) (Key, error) {
	if len(scope.Locations) > 1 {
		a.log.WarnContext(ctx, "no key to the table's files: Azure signs for one folder at a time", "locations", scope.Locations)
		return Key{}, nil
	}
	location, expires := scope.Locations[0], time.Now().Add(a.life)
	signature, err := a.signer.Sign(ctx, location, scope.Write, expires)
	switch {
	case errors.Is(err, adls.ErrNoFolders):
		a.log.WarnContext(ctx, "no key to the table's files: it would open all of the container", "location", location, "error", err)
		return Key{}, nil
	case err != nil:
		return Key{}, err
	}
	host := adls.Host(location)
	return Key{Expires: expires, Config: map[string]string{
		"adls.sas-token." + host:               signature,
		"adls.sas-token-expires-at-ms." + host: milliseconds(expires),
		"adls.refresh-credentials-enabled":     "true",
	}}, nil
}
