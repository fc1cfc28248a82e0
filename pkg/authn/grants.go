package authn

import (
	"context"
	"net/url"
	"slices"
)

// Grants are how an issuer gives tokens.
type Grants struct {
	// TokenURI is where it does; "" where that is not known.
	TokenURI string
	// Exchange reports whether it gives a new token for an old one (RFC 8693).
	Exchange bool
}

// exchange is the grant of RFC 8693, 2.1.
const exchange = "urn:ietf:params:oauth:grant-type:token-exchange"

// discovered are the grants that a discovery document tells of, whose
// token_endpoint clients can be sent to. RFC 8414, 2: without a list of grants
// there is no exchange.
func discovered(endpoint string, types []string) *Grants {
	g := &Grants{Exchange: slices.Contains(types, exchange)}
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		g.TokenURI = endpoint
	}
	return g
}

// Granted are the grants of the issuer who vouches for whoever asks; false when
// nobody vouches, or the issuer has not been asked for them yet.
func (b *Bearer) Granted(ctx context.Context) (Grants, bool) {
	name := From(ctx).Issuer
	for _, i := range b.trust.Load().issuers {
		if i.Name == name {
			return i.granted()
		}
	}
	return Grants{}, false
}

func (i *issuer) granted() (Grants, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.Grants == nil {
		return Grants{}, false
	}
	return *i.Grants, true
}
