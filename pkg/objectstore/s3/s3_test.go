package s3_test

import (
	"errors"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/objectstoretest"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
)

const root = "s3://" + s3test.Bucket + "/"

func open(t testing.TB, server *s3test.Server, change func(*s3.Config)) *s3.Store {
	t.Helper()
	cfg := s3.Config{
		Region: s3test.Region, Endpoint: server.Endpoint(), PathStyle: true,
		AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
	}
	if change != nil {
		change(&cfg)
	}
	store, err := s3.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	server := s3test.New(t)
	objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
		t.Helper()
		return open(t, server, nil), root + t.Name() + "/"
	})
	objectstoretest.RunRemote(t, server.Address(), root, func(t *testing.T, address string, patience time.Duration) objectstore.Store {
		t.Helper()
		return open(t, server, func(c *s3.Config) { c.Endpoint, c.Patience = "http://"+address, patience })
	})
}

// What is refused says what was wanted and where; it says nothing of the key.
func TestRefusals(t *testing.T) {
	server := s3test.New(t)
	stranger := open(t, server, func(c *s3.Config) { c.SecretAccessKey = "a wrong secret" })
	known := open(t, server, nil)
	for name, c := range map[string]struct {
		store    *s3.Store
		location string
		want     fault.Kind
	}{
		"a key that is wrong":         {stranger, "s3://lake/x", fault.Forbidden},
		"a bucket that is not there":  {known, "s3://nowhere/x", fault.Invalid},
		"a location of another store": {known, "gs://lake/x", fault.Invalid},
		"a location without a bucket": {known, "s3:///x", fault.Invalid},
		"a way out":                   {known, "s3://lake/a/../x", fault.Invalid},
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

func TestABucketThatIsGoneHoldsNothing(t *testing.T) {
	store := open(t, s3test.New(t), nil)
	if _, err := store.Read(t.Context(), "s3://nowhere/x"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Error(err)
	}
}
