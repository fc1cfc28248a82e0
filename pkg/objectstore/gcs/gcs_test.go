package gcs_test

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/objectstoretest"
)

const root = "gs://" + gcstest.Bucket + "/"

func open(t *testing.T, address string, patience time.Duration) objectstore.Store {
	t.Helper()
	store, err := gcs.Open(t.Context(), gcs.Config{Endpoint: "http://" + address, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	server := gcstest.New(t)
	objectstoretest.Run(t, func(t *testing.T) (objectstore.Store, string) {
		t.Helper()
		return open(t, server.Address(), 0), root + t.Name() + "/"
	})
	objectstoretest.RunRemote(t, server.Address(), root, open)
}

func TestRefusals(t *testing.T) {
	store := open(t, gcstest.New(t).Address(), 0)
	for name, location := range map[string]string{
		"a bucket that is not there":  "gs://nowhere/x",
		"a location of another store": "s3://lake/x",
		"a location without a bucket": "gs:///x",
		"a way out":                   root + "a/../x",
	} {
		t.Run(name, func(t *testing.T) {
			if err := store.Create(t.Context(), location, nil); !fault.Is(err, fault.Invalid) {
				t.Errorf("create: %v", err)
			}
		})
	}
}
