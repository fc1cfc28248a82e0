package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	issuers map[string]*issuer // by URL
	// verified are the tokens found good, by their hash.
	verified *otter.Cache[[sha256.Size]byte, Identity]
	now      func() time.Time
}

var _ Authenticator = (*Bearer)(nil)

// NewBearer makes one of at least one issuer, whose names and URLs differ. It asks
// none of them anything yet.
func NewBearer(issuers ...Issuer) (*Bearer, error) {
	if len(issuers) == 0 {
		return nil, errors.New("no issuer of tokens is configured, at least one is needed")
	}
	verified, err := otter.New(&otter.Options[[sha256.Size]byte, Identity]{MaximumSize: keptTokens})
	if err != nil {
		return nil, fmt.Errorf("make cache of tokens: %w", err)
	}
	b := &Bearer{issuers: map[string]*issuer{}, verified: verified, now: time.Now}
	names := map[string]bool{}
	for _, config := range issuers {
		i, err := newIssuer(config)
		if err != nil {
			return nil, err
		}
		if b.issuers[config.URL] != nil || names[config.Name] {
			return nil, fmt.Errorf("issuer %q: its name or its URL is that of another one", config.Name)
		}
		b.issuers[config.URL], names[config.Name] = i, true
	}
	return b, nil
}

// Authenticate implements Authenticator.
func (b *Bearer) Authenticate(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxToken {
		return Identity{}, fault.New(fault.Unauthenticated, "the token has %d bytes, at most %d are read", len(token), maxToken)
	}
	hash := sha256.Sum256([]byte(token))
	if identity, known := b.verified.GetIfPresent(hash); known && b.now().Before(identity.Expires) {
		return identity, nil
	}
	identity, err := b.verify(ctx, token)
	if err == nil {
		b.verified.Set(hash, identity)
	}
	return identity, err
}

// verify decides by the claims what to check the signature against, and believes
// them after that.
func (b *Bearer) verify(ctx context.Context, token string) (Identity, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return Identity{}, fault.Wrap(fault.Unauthenticated, err, "the token is no JWT signed by an allowed algorithm: %s", allowed(algorithms))
	}
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return Identity{}, fault.Wrap(fault.Unauthenticated, err, "the claims of the token cannot be read")
	}
	i := b.issuers[c.Issuer]
	if i == nil {
		return Identity{}, fault.New(fault.Unauthenticated, "the token's issuer is %.200q, which is not trusted here", c.Issuer)
	}
	if err := i.check(c, b.now()); err != nil {
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
