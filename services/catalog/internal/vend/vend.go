// Package vend owns keys to storage that clients get: for the files of one
// table, for reading or for writing too, and for a while.
//
// It promises that a key opens nothing outside of the grant's locations, that
// two principals never share one, that a key which is handed out lasts for
// longer than its margin, and that no key is logged or stored.
package vend

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// Bounds of what is kept. Clients begin to renew a key five minutes before it
// ends, so one that is handed out has to last for longer.
const (
	maxKept = 10_000
	margin  = 15 * time.Minute
)

// issueTimeout bounds the wait for a new key.
const issueTimeout = 10 * time.Second

// Issuer makes keys to one store.
type Issuer interface {
	// Issue returns a key to the locations, which all lie in the issuer's store; a
	// key without configuration when none is narrow enough.
	Issue(ctx context.Context, s Scope) (Key, error)
	// Static is the configuration that clients need whatever their key, in a map
	// that is the caller's.
	Static() map[string]string
	// RefreshKey is the configuration key that says where new keys are had.
	RefreshKey() string
}

// Scope is what a key shall open.
type Scope struct {
	// Locations are folders, without a slash at the end.
	Locations []string
	Write     bool
	// Session names the grant to the store, for its logs.
	Session string
}

// Key is a key in the words that clients read.
type Key struct {
	Config  map[string]string
	Expires time.Time // zero: never
}

// Vendor is a catalog.Delegation over the issuers of the stores there are.
type Vendor struct {
	policy  catalog.DelegationPolicy
	issuers map[string]Issuer
	kept    *otter.Cache[kept, Key]
	now     func() time.Time
	measures
}

var _ catalog.Delegation = (*Vendor)(nil)

// kept is what a key may be given out for again.
type kept struct {
	warehouse, principal, locations string
	write                           bool
}

// New makes a vendor; issuers are by what objectstore.StoreOf calls their stores.
// A nil meter measures nothing.
func New(policy catalog.DelegationPolicy, issuers map[string]Issuer, meter metric.Meter) (*Vendor, error) {
	m, err := newMeasures(meter)
	if err != nil {
		return nil, fmt.Errorf("measure keys: %w", err)
	}
	v := &Vendor{policy: policy, issuers: issuers, now: time.Now, measures: m}
	cache, err := otter.New(&otter.Options[kept, Key]{
		MaximumSize:      maxKept,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[kept, Key]) time.Duration { return v.life(e.Value) }),
	})
	if err != nil {
		return nil, fmt.Errorf("make a cache of keys: %w", err)
	}
	v.kept = cache
	return v, nil
}

// life is how long a key may still be handed out.
func (v *Vendor) life(k Key) time.Duration {
	if k.Expires.IsZero() {
		return time.Hour
	}
	return max(k.Expires.Sub(v.now())-margin, time.Nanosecond)
}

// Vend implements catalog.Delegation.
func (v *Vendor) Vend(ctx context.Context, g catalog.Grant) (catalog.Access, error) {
	if !v.Delegates(g.Ways) {
		return catalog.Access{}, nil
	}
	locations, store, err := together(g.Locations)
	if err != nil {
		return catalog.Access{}, err
	}
	issuer, known := v.issuers[store]
	if !known {
		return catalog.Access{}, nil // local files are open to who is on the machine
	}
	key, err := v.key(ctx, issuer, g, locations)
	if err != nil || len(key.Config) == 0 {
		return catalog.Access{}, err
	}
	if !key.Expires.IsZero() {
		v.handedOut(ctx, store, key.Expires.Sub(v.now()))
	}
	return access(issuer, key, prefixOf(locations)), nil
}

// Delegates implements catalog.Delegation.
func (v *Vendor) Delegates(ways []catalog.Way) bool {
	return v.policy.Offers(catalog.VendedCredentials, ways)
}

// key is one that was made before and lasts, or a new one: requests that need the
// same wait for one another.
func (v *Vendor) key(ctx context.Context, issuer Issuer, g catalog.Grant, locations []string) (Key, error) {
	id := kept{warehouse: g.Warehouse, principal: g.Principal, locations: strings.Join(locations, "\x00"), write: g.Write}
	scope := Scope{Locations: locations, Write: g.Write, Session: sessionName(g)}
	return v.kept.Get(ctx, id, otter.LoaderFunc[kept, Key](func(ctx context.Context, _ kept) (Key, error) {
		// Others wait for it too, so it does not end with the first of them.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), issueTimeout)
		defer cancel()
		return issuer.Issue(ctx, scope)
	}))
}

// access puts the key where newer clients look, and where older ones do.
func access(issuer Issuer, key Key, prefix string) catalog.Access {
	config := issuer.Static()
	maps.Copy(config, key.Config)
	given := catalog.Access{
		Config:      config,
		Credentials: []catalog.StorageCredential{{Prefix: prefix, Config: maps.Clone(config)}},
		Expires:     key.Expires,
	}
	if !key.Expires.IsZero() {
		given.RefreshKey = issuer.RefreshKey()
	}
	return given
}

// sessionName tells the store's logs who asked, in the characters that every
// store allows, and no more of them.
func sessionName(g catalog.Grant) string {
	const most = 64
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("=,.@-", r) {
			return r
		}
		return '-'
	}, "igloo-"+g.Warehouse+"-"+g.Principal)
	return name[:min(len(name), most)]
}

// milliseconds is a time as clients read it.
func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
