package iglootest

import (
	"net/http"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/tlstest"
)

// Secured is the services split, over TLS alone: each believes in whom the
// authority vouches for, and shows the other its certificate instead of a token.
type Secured struct {
	*Deployment

	Authority *tlstest.Authority
	// CatalogFiles are the certificate of the catalog, "catalog.igloo".
	CatalogFiles tlstest.Files
}

// SplitOverTLS runs them until the test ends, each with further flags of its own.
func SplitOverTLS(t *testing.T, catalog, housetables []string) *Secured {
	t.Helper()
	a := tlstest.New(t)
	s := &Secured{Authority: a, CatalogFiles: a.Issue(t, "catalog.igloo")}
	own := a.Issue(t, "housetable.igloo")
	s.Deployment = split(t, "https://", s.Client(t, nil),
		append(append(listening(a, s.CatalogFiles), calling(a, s.CatalogFiles, "housetable")...),
			append(catalog, "--trusted-service", "cert:housetable.igloo")...),
		append(append(listening(a, own), calling(a, own, "prober")...),
			append(housetables, "--trusted-service", "cert:catalog.igloo")...))
	return s
}

func listening(a *tlstest.Authority, own tlstest.Files) []string {
	return []string{"--tls-cert-file", own.Cert, "--tls-key-file", own.Key, "--tls-client-ca-file", a.File}
}

func calling(a *tlstest.Authority, own tlstest.Files, service string) []string {
	return []string{"--" + service + "-tls-ca-file", a.File, "--" + service + "-tls-cert-file", own.Cert, "--" + service + "-tls-key-file", own.Key}
}

// Client asks as whom the files name; as nobody without any.
func (s *Secured) Client(t *testing.T, files *tlstest.Files) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.Authority.Client(t, files), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
