package objectstoretest

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
)

// RunRemote checks what a store must show whose server is elsewhere. The server
// is at server, its host and port; open returns a store that reaches it at
// address, and prefix is as in Run.
func RunRemote(t *testing.T, server, prefix string, open func(t *testing.T, address string) objectstore.Store) {
	t.Helper()
	t.Run("a create whose answer was lost is no other's", func(t *testing.T) { lostAnswer(t, server, prefix, open) })
	t.Run("a server that is away is Unavailable", func(t *testing.T) { away(t, prefix, open(t, "127.0.0.1:1")) })
	t.Run("a server that hangs ends with the context", func(t *testing.T) { hangs(t, server, prefix, open) })
}

// lostAnswer is the one failure that a conditional write cannot tell from
// another's success.
func lostAnswer(t *testing.T, server, prefix string, open func(*testing.T, string) objectstore.Store) {
	t.Helper()
	proxy := nettest.NewProxy(t, server)
	store := open(t, proxy.Addr())
	proxy.Judge(losesOne())
	if err := store.Create(t.Context(), prefix+"lost", []byte("mine")); err != nil {
		t.Errorf("create: %v", err)
	}
	proxy.Judge(losesOne())
	if err := store.Create(t.Context(), prefix+"lost", []byte("another's")); !errors.Is(err, objectstore.ErrExists) {
		t.Errorf("create with other bytes: %v", err)
	}
}

// losesOne lets the first write through, and its answer not.
func losesOne() func([]byte) nettest.Fate {
	var lost atomic.Bool
	return func(sent []byte) nettest.Fate {
		if (bytes.HasPrefix(sent, []byte("PUT ")) || bytes.HasPrefix(sent, []byte("POST "))) && !lost.Swap(true) {
			return nettest.CutAfter
		}
		return nettest.Pass
	}
}

func away(t *testing.T, prefix string, store objectstore.Store) {
	t.Helper()
	if err := store.Create(t.Context(), prefix+"away", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("create: %v", err)
	}
	if _, err := store.Read(t.Context(), prefix+"away"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("read: %v", err)
	}
}

func hangs(t *testing.T, server, prefix string, open func(*testing.T, string) objectstore.Store) {
	t.Helper()
	proxy := nettest.NewProxy(t, server)
	store := open(t, proxy.Addr())
	proxy.Freeze()
	defer proxy.Thaw()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := store.Read(ctx, prefix+"hangs"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}
