package authn

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// CertificateIssuer is the issuer of those who prove who they are by a
// certificate, in principals. No issuer of tokens may have the name.
const CertificateIssuer = "cert"

// certified is whom the certificate of a connection names, which the transport
// has verified: by its first URI, DNS name or common name, in this order. A
// connection may outlast the certificate, which then proves nothing any more.
func certified(state *tls.ConnectionState) (identity Identity, shown bool, err error) {
	if state == nil || len(state.VerifiedChains) == 0 {
		return Identity{}, false, nil
	}
	leaf := state.VerifiedChains[0][0]
	identity = Identity{Issuer: CertificateIssuer, Subject: leaf.Subject.CommonName, Expires: leaf.NotAfter}
	switch {
	case len(leaf.URIs) > 0:
		identity.Subject = leaf.URIs[0].String()
	case len(leaf.DNSNames) > 0:
		identity.Subject = leaf.DNSNames[0]
	}
	switch {
	case identity.Subject == "":
		return Identity{}, false, fault.New(fault.Unauthenticated, "the certificate names nobody: it has no URI, no DNS name and no common name")
	case !time.Now().Before(leaf.NotAfter):
		return Identity{}, false, fault.New(fault.Unauthenticated, "the certificate expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return identity, true, nil
}

// connection is the TLS that a call came over; nil without any.
func connection(ctx context.Context) *tls.ConnectionState {
	from, _ := peer.FromContext(ctx)
	if from == nil {
		return nil
	}
	info, ok := from.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return nil
	}
	return &info.State
}

// identify tells who asks, by the values of the header Authorization and by the
// connection: a certificate speaks for whoever sent no token.
func identify(ctx context.Context, by Authenticator, values []string, state *tls.ConnectionState) (Identity, error) {
	if len(values) == 0 {
		if identity, shown, err := certified(state); shown || err != nil {
			return identity, err
		}
	}
	if only, ok := by.(certificatesOnly); ok {
		return only.Authenticate(ctx, "")
	}
	token, err := tokenOf(values)
	if err != nil {
		return Identity{}, err
	}
	return by.Authenticate(ctx, token)
}

// certificatesOnly believes no token: who asks has to show a certificate.
type certificatesOnly struct{}

// Authenticate implements Authenticator.
func (certificatesOnly) Authenticate(context.Context, string) (Identity, error) {
	return Identity{}, fault.New(fault.Unauthenticated, "no issuer of tokens is trusted here: a client certificate is needed")
}
