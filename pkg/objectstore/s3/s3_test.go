package s3_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/objectstoretest"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
)

func open(t *testing.T, server *s3test.Server, change func(*s3.Config)) *s3.Store {
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
		return open(t, server, nil), "s3://" + s3test.Bucket + "/" + t.Name() + "/"
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

// An answer that is lost on the way back is the one failure that a conditional
// write cannot tell from another's success.
func TestACreateWhoseAnswerWasLostIsNoOthers(t *testing.T) {
	server := s3test.New(t)
	proxy := nettest.NewProxy(t, server.Address())
	store := open(t, server, func(c *s3.Config) { c.Endpoint = "http://" + proxy.Addr() })
	proxy.Judge(losesOne())
	if err := store.Create(t.Context(), "s3://lake/lost", []byte("mine")); err != nil {
		t.Errorf("create: %v", err)
	}
	proxy.Judge(losesOne())
	if err := store.Create(t.Context(), "s3://lake/lost", []byte("another's")); !errors.Is(err, objectstore.ErrExists) {
		t.Errorf("create with other bytes: %v", err)
	}
}

// losesOne lets the first write through, and its answer not.
func losesOne() func([]byte) nettest.Fate {
	var lost atomic.Bool
	return func(sent []byte) nettest.Fate {
		if bytes.HasPrefix(sent, []byte("PUT ")) && !lost.Swap(true) {
			return nettest.CutAfter
		}
		return nettest.Pass
	}
}

func TestAServerThatIsAwayIsUnavailable(t *testing.T) {
	store := open(t, s3test.New(t), func(c *s3.Config) { c.Endpoint = "http://127.0.0.1:1" })
	if err := store.Create(t.Context(), "s3://lake/x", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("create: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := store.Read(ctx, "s3://lake/x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}
