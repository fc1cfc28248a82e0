package vend_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/vend"
)

// mint counts the keys that it makes.
type mint struct {
	life time.Duration
	made atomic.Int64
}

func (m *mint) Issue(context.Context, vend.Scope) (vend.Key, error) {
	return vend.Key{Config: map[string]string{"n": fmt.Sprint(m.made.Add(1))}, Expires: time.Now().Add(m.life)}, nil
}
func (*mint) Static() map[string]string { return map[string]string{"endpoint": "x"} }
func (*mint) RefreshKey() string        { return "refresh" }

func newVendor(t *testing.T, policy catalog.DelegationPolicy, m *mint) *vend.Vendor {
	t.Helper()
	v, err := vend.New(policy, map[string]vend.Issuer{"s3": m}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func grant(principal string, locations ...string) catalog.Grant {
	return catalog.Grant{Warehouse: "w", Principal: principal, Locations: locations, Ways: []catalog.Way{catalog.VendedCredentials}}
}

// The store is asked once for each who, what and how, while the key lasts.
func TestKeysAreKept(t *testing.T) {
	m := &mint{life: time.Hour}
	v := newVendor(t, catalog.DelegateOnRequest, m)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := v.Vend(t.Context(), grant("p", "s3://lake/a")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if m.made.Load() != 1 {
		t.Errorf("%d keys for one", m.made.Load())
	}
	writing := grant("p", "s3://lake/a")
	writing.Write = true
	for _, g := range []catalog.Grant{grant("q", "s3://lake/a"), grant("p", "s3://lake/b"), writing} {
		before := m.made.Load()
		if _, err := v.Vend(t.Context(), g); err != nil || m.made.Load() == before {
			t.Errorf("%+v got another's key (%v)", g, err)
		}
	}
}

func TestAKeyThatIsAboutToEndIsNotGivenOut(t *testing.T) {
	m := &mint{life: 10 * time.Minute}
	v := newVendor(t, catalog.DelegateOnRequest, m)
	for want := range int64(3) {
		if _, err := v.Vend(t.Context(), grant("p", "s3://lake/a")); err != nil || m.made.Load() != want+1 {
			t.Errorf("request %d: %d keys (%v)", want, m.made.Load(), err)
		}
	}
}

func TestPolicies(t *testing.T) {
	both := []catalog.Way{catalog.RemoteSigning, catalog.VendedCredentials}
	for policy, want := range map[catalog.DelegationPolicy]struct{ silent, signing, keys bool }{
		catalog.DelegateNever:     {false, false, false},
		catalog.DelegateOnRequest: {false, false, true},
		catalog.DelegateAlways:    {true, false, true},
	} {
		v := newVendor(t, policy, &mint{life: time.Hour})
		if v.Delegates(nil) != want.silent || v.Delegates(both[:1]) != want.signing || v.Delegates(both) != want.keys {
			t.Errorf("%s: %t, %t, %t", policy, v.Delegates(nil), v.Delegates(both[:1]), v.Delegates(both))
		}
	}
}

func TestPrefixes(t *testing.T) {
	v := newVendor(t, catalog.DelegateOnRequest, &mint{life: time.Hour})
	for want, locations := range map[string][]string{
		"s3://lake/a":       {"s3://lake/a/"},
		"s3://lake/b":       {"s3://lake/b", "s3://lake/b/data", "s3://lake/b/metadata"},
		"s3://lake":         {"s3://lake/c", "s3://lake/cc"},
		"s3://lake/tables":  {"s3://lake/tables/d", "s3://lake/tables/e/data"},
		"s3://lake/f/x/y/z": {"s3://lake/f/x/y/z"},
	} {
		access, err := v.Vend(t.Context(), grant("p", locations...))
		if err != nil || access.Credentials[0].Prefix != want {
			t.Errorf("%v: %+v, %v, want %s", locations, access.Credentials, err, want)
		}
	}
	for _, locations := range [][]string{{"s3://lake/a", "gs://lake/a"}, {"s3://lake"}} {
		if _, err := v.Vend(t.Context(), grant("p", locations...)); !fault.Is(err, fault.Unsupported) {
			t.Errorf("%v: %v", locations, err)
		}
	}
	if access, err := v.Vend(t.Context(), grant("p", "file:///a/b")); err != nil || access.Credentials != nil {
		t.Errorf("a local file: %+v, %v", access, err)
	}
}

// What a key has left is measured each time that it is handed out.
func TestLivesAreMeasured(t *testing.T) {
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vend.New(catalog.DelegateOnRequest, map[string]vend.Issuer{"s3": &mint{life: time.Hour}, "gs": vend.NewFixed("id", "secret", vend.S3Config{})}, meters.Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{"s3://lake/a", "s3://lake/a", "gs://lake/a"} {
		if _, err := v.Vend(t.Context(), grant("p", location)); err != nil {
			t.Fatal(err)
		}
	}
	const life = "igloo_catalog_credential_life_seconds"
	found := telemetrytest.Read(t, telemetry.Scrape(meters))
	if n, sum := found.Sum(life+"_count"), found.Sum(life+"_sum", "store", "s3"); n != 2 || sum < 7100 || sum > 7200 {
		t.Errorf("%v keys with %v s in all", n, sum)
	}
}
