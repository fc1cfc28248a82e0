package authn

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
)

// TestKubernetes: the API of a cluster answers discovery to pods alone, behind an
// authority that nobody else knows; the token goes nowhere else.
func TestKubernetes(t *testing.T) {
	p := idptest.New(t)
	var shown atomic.Value
	cluster := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown.Store(r.Header.Get("Authorization"))
		p.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(cluster.Close)
	p.URL = cluster.URL // what it says of itself, and in tokens
	folder := t.TempDir()
	own := p.Token(t, idptest.Claims{"sub": "system:serviceaccount:igloo:catalog"})
	write(t, folder, "token", []byte(own))
	write(t, folder, "ca.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cluster.Certificate().Raw}))

	settings := Settings{AuthAudiences: []string{"igloo"}, AuthClockSkew: time.Second}
	for host, want := range map[string]string{"127.0.0.1": "Bearer " + own, "10.0.0.1": ""} {
		t.Setenv("KUBERNETES_SERVICE_HOST", host)
		issuer, err := settings.kubernetes(folder)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewBearer(issuer)
		if err != nil {
			t.Fatal(err)
		}
		who, err := b.Authenticate(t.Context(), p.Token(t, idptest.Claims{"sub": "system:serviceaccount:jobs:spark"}))
		if err != nil || who.Principal() != "kubernetes:system:serviceaccount:jobs:spark" || shown.Load() != want {
			t.Errorf("host %s: %+v, %v, shown %v", host, who, err, shown.Load() != "")
		}
	}
}

func write(t *testing.T, folder, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}
