package authn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-jose/go-jose/v4/jwt"
)

// serviceAccount is where a pod finds its own token and the cluster's authority.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// kubernetes is the issuer of service accounts of the cluster: who issued the
// token of this pod.
func (s Settings) kubernetes(folder string) (Issuer, error) {
	own, err := os.ReadFile(filepath.Join(folder, "token")) //nolint:gosec // Kubernetes names the folder
	if err != nil {
		return Issuer{}, err
	}
	parsed, err := jwt.ParseSigned(strings.TrimSpace(string(own)), algorithms)
	if err != nil {
		return Issuer{}, fmt.Errorf("the pod's own token: %w", err)
	}
	var claims jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return Issuer{}, fmt.Errorf("the pod's own token: %w", err)
	}
	issuer := s.issuer("kubernetes", claims.Issuer)
	issuer.Client, err = clusterClient(folder)
	return issuer, err
}

// clusterClient trusts the cluster's authority besides the public ones: some
// clusters publish their keys elsewhere.
func clusterClient(folder string) (*http.Client, error) {
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt")) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("ca.crt has no certificate")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // net/http says that it is one
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: &clusterTransport{next: transport, token: filepath.Join(folder, "token")}}, nil
}

// clusterTransport shows the pod's token to the cluster, and to nobody else.
type clusterTransport struct {
	next  http.RoundTripper
	token string
}

// RoundTrip implements http.RoundTripper. The token is read each time: it is renewed.
func (t *clusterTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !ofCluster(r.URL.Hostname()) || r.URL.Scheme != "https" {
		return t.next.RoundTrip(r)
	}
	token, err := os.ReadFile(t.token)
	if err != nil {
		return nil, fmt.Errorf("the pod's own token: %w", err)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return t.next.RoundTrip(r)
}

// ofCluster reports whether a host is the cluster's own API.
func ofCluster(host string) bool {
	if host == "" {
		return false
	}
	return host == "kubernetes.default.svc" || strings.HasPrefix(host, "kubernetes.default.svc.") || host == os.Getenv("KUBERNETES_SERVICE_HOST")
}
