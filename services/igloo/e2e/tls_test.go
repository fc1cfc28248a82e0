package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/tlstest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestServicesOverTLS: with certificates alone, and no token anywhere, users are
// who their certificates say, the catalog acts on their behalf, and the house table
// service has storage tried by the catalog.
func TestServicesOverTLS(t *testing.T) {
	s := iglootest.SplitOverTLS(t, []string{"--admin", "cert:alice", "--admin", "cert:bob"}, []string{"--admin", "cert:alice"})
	files := map[string]tlstest.Files{"alice": s.Authority.Issue(t, "alice"), "bob": s.Authority.Issue(t, "bob")}
	clients := map[string]*http.Client{"": s.Client(t, nil)}
	for name, own := range files {
		clients[name] = s.Client(t, &own)
	}
	steps := []struct {
		by, method, url, body string
		status                int
		says                  string
	}{
		{"", "GET", s.URL + "/v1/config", "", 401, `NotAuthorizedException`},
		{"", "GET", s.HTS + "/hts/tables?databaseId=a&tableId=b", "", 401, `UNAUTHORIZED`},
		{"", "GET", s.URL + "/readyz", "", 200, ""},
		{"bob", "POST", s.URL + "/v1/namespaces", `{"namespace":["who"]}`, 200, ""},
		{"bob", "POST", s.URL + "/v1/namespaces/who/tables", `{"name":"t","schema":` + oneColumn + `}`, 200, ""},
		{"alice", "POST", s.URL + "/v1/namespaces/who/tables/t", `{"requirements":[{"type":"assert-current-schema-id","current-schema-id":7}],"updates":[]}`, 409, "by cert:bob"},
		{"alice", "GET", s.HTS + "/hts/tables?databaseId=no&tableId=no", "", 404, ""},
		{"alice", "POST", s.HTS + "/hts/warehouses", `{"warehouse":{"name":"own","location":"file://` + filepath.Join(t.TempDir(), "own") + `","storage":{"local":{}}}}`, 201, `"storage":{`},
	}
	for _, c := range steps {
		status, body, err := sendBy(t.Context(), clients[c.by], c.method, c.url, c.body)
		if err != nil || status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%q %s %s: %d %s, %v, want %d %q", c.by, c.method, c.url, status, body, err, c.status, c.says)
		}
	}
}

// TestCertificatesAreRenewed: the catalog shows a new certificate once it is in its
// files, to clients and to the house table service, without a restart.
func TestCertificatesAreRenewed(t *testing.T) {
	s := iglootest.SplitOverTLS(t, []string{"--admin", "cert:alice"}, nil)
	alice := s.Authority.Issue(t, "alice")
	shown := func() string {
		client := s.Client(t, &alice)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/config", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.TLS.PeerCertificates[0].SerialNumber.String()
	}
	before := shown()
	s.Authority.Renew(t, s.CatalogFiles, "catalog.igloo", time.Now().Add(2*time.Hour))
	until(t, "the new certificate is shown", func() bool { return shown() != before })
	if status, body, err := sendBy(t.Context(), s.Client(t, &alice), "POST", s.URL+"/v1/namespaces", `{"namespace":["n"]}`); err != nil || status != 200 {
		t.Errorf("after the renewal: %d %s, %v", status, body, err)
	}
}
