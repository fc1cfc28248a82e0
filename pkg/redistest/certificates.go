package redistest

import (
	"crypto/tls"
	"net/url"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/tlstest"
)

// Certificates are those of an authority of the test's own and of one that it
// signed, for servers and clients alike.
type Certificates struct {
	// CA is a PEM file, and so are those of Files.
	CA string
	tlstest.Files

	client *tls.Config
}

// NewCertificates makes them in folders of the test.
func NewCertificates(t testing.TB) *Certificates {
	t.Helper()
	a := tlstest.New(t)
	own := a.Issue(t, "redis")
	return &Certificates{CA: a.File, Files: own, client: a.Client(t, &own)}
}

// query spells the files as a URL of Igloo has them.
func (c *Certificates) query() string {
	return url.Values{"ca_file": {c.CA}, "cert_file": {c.Cert}, "key_file": {c.Key}}.Encode()
}
