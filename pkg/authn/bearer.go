package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/maypok86/otter/v2"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

const (
	// maxToken is far above any sane token, and bounds the work on one.
	maxToken = 16 << 10
	// keptTokens are how many tokens are remembered with what was found.
	keptTokens = 10_000
)

// algorithms are those that prove something to whoever has but the public key.
// RFC 8725, 3.1: the list is the verifier's, never the token's.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Bearer believes the tokens of some issuers. It is safe for concurrent use.
type Bearer struct {
	trust atomic.Pointer[trust]
	now   func() time.Time
}

// trust is who is believed, from one change to the next.
type trust struct {
	issuers map[string]*issuer // by URL
	// verified are the tokens found good, by their hash.
	verified *otter.Cache[[sha256.Size]byte, Identity]
}

var _ Authenticator = (*Bearer)(nil)

// NewBearer makes one of at least one issuer, whose names and URLs differ. It asks
// none of them anything yet.
func NewBearer(issuers ...Issuer) (*Bearer, error) {
	b := &Bearer{now: time.Now}
	b.trust.Store(&trust{})
	return b, b.Change(issuers...)
}

// Change has other issuers be believed from now on, and no token for what was found
// out about it before. Issuers that stay are not asked again for their keys. On
// errors nothing changes.
func (b *Bearer) Change(issuers ...Issuer) error {
	newer, err := newTrust(issuers)
	if err != nil {
		return err
	}
	for url, i := range newer.issuers {
		i.succeed(b.trust.Load().issuers[url])
	}
	b.trust.Store(newer)
	return nil
}

func newTrust(issuers []Issuer) (*trust, error) {
	if len(issuers) == 0 {
		return nil, errors.New("no issuer of tokens is configured, at least one is needed")
	}
	verified, err := otter.New(&otter.Options[[sha256.Size]byte, Identity]{MaximumSize: keptTokens})
	if err != nil {
		return nil, fmt.Errorf("make cache of tokens: %w", err)
	}
	t := &trust{issuers: map[string]*issuer{}, verified: verified}
	names := map[string]bool{}
	for _, config := range issuers {
		i, err := newIssuer(config)
		if err != nil {
			return nil, err
		}
		if t.issuers[config.URL] != nil || names[config.Name] {
			return nil, fmt.Errorf("issuer %q: its name or its URL is that of another one", config.Name)
		}
		t.issuers[config.URL], names[config.Name] = i, true
	}
	return t, nil
}

// Authenticate implements Authenticator.
func (b *Bearer) Authenticate(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxToken {
		return Identity{}, fault.New(fault.Unauthenticated, "the token has %d bytes, at most %d are read", len(token), maxToken)
	}
	hash, by := sha256.Sum256([]byte(token)), b.trust.Load()
	if identity, known := by.verified.GetIfPresent(hash); known && b.now().Before(identity.Expires) {
		return identity, nil
	}
	identity, err := by.verify(ctx, token, b.now())
	if err == nil {
		by.verified.Set(hash, identity)
	}
	return identity, err
}

// verify decides by the claims what to check the signature against, and believes
// them after that.
func (t *trust) verify(ctx context.Context, token string, now time.Time) (Identity, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return Identity{}, fault.Wrap(fault.Unauthenticated, err, "the token is no JWT signed by an allowed algorithm: %s", allowed(algorithms))
	}
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return Identity{}, fault.Wrap(fault.Unauthenticated, err, "the claims of the token cannot be read")
	}
	i := t.issuers[c.Issuer]
	if i == nil {
		return Identity{}, fault.New(fault.Unauthenticated, "the token's issuer is %.200q, which is not trusted here", c.Issuer)
	}
	if err := i.check(c, now); err != nil {
		return Identity{}, err
	}
	if err := i.verify(ctx, token); err != nil {
		return Identity{}, err
	}
	return i.identity(c), nil
}

func allowed[S ~string](values []S) string {
	texts := make([]string, len(values))
	for n, v := range values {
		texts[n] = string(v)
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
