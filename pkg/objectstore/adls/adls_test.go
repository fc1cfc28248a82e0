package adls_test

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/objectstoretest"
)

const root = "abfss://" + adlstest.Container + "@" + adlstest.Account + ".dfs.core.windows.net/"

func open(t *testing.T, endpoint, key string, patience time.Duration) *adls.Store {
	t.Helper()
	store, err := adls.Open(adls.Config{Account: adlstest.Account, Endpoint: endpoint, AccountKey: key, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	server := adlstest.New(t)
	objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
		t.Helper()
		return open(t, server.Endpoint(), adlstest.AccountKey, 0), root + t.Name() + "/"
	})
	objectstoretest.RunRemote(t, server.Address(), root, func(t *testing.T, address string, patience time.Duration) objectstore.Store {
		t.Helper()
		return open(t, "http://"+address+"/"+adlstest.Account, adlstest.AccountKey, patience)
	})
}

// What is refused says what was wanted and where; it says nothing of the key.
func TestRefusals(t *testing.T) {
	server := adlstest.New(t)
	stranger := open(t, server.Endpoint(), "YSB3cm9uZyBrZXk=", 0)
	known := open(t, server.Endpoint(), adlstest.AccountKey, 0)
	for name, c := range map[string]struct {
		store    *adls.Store
		location string
		want     fault.Kind
	}{
		"a key that is wrong":            {stranger, root + "x", fault.Forbidden},
		"a container that is not there":  {known, "abfss://nowhere@testaccount.dfs.core.windows.net/x", fault.Invalid},
		"an account of another":          {known, "abfss://lake@another.dfs.core.windows.net/x", fault.Invalid},
		"a location of another store":    {known, "s3://lake/x", fault.Invalid},
		"a location without a container": {known, "abfss://testaccount.dfs.core.windows.net/x", fault.Invalid},
		"a way out":                      {known, root + "a/../x", fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.store.Create(t.Context(), c.location, nil); fault.KindOf(err) != c.want {
				t.Errorf("create: %v, want %s", err, c.want)
			}
			if err := c.store.Delete(t.Context(), c.location); fault.KindOf(err) != c.want {
				t.Errorf("delete: %v, want %s", err, c.want)
			}
		})
	}
}
