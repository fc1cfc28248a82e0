package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Issuer is who is trusted to say who somebody is.
type Issuer struct {
	// Name is the issuer's in principals: a word of letters, digits, '-' and '_'.
	Name string
	// URL is what tokens have as their issuer; discovery is asked below it.
	URL string
	// Audiences are those that a token may be for; at least one.
	Audiences []string
	// GroupsClaim is the claim with the subject's groups; "groups" without one.
	GroupsClaim string
	// Skew is how far the clocks may differ; DefaultSkew when zero.
	Skew time.Duration
	// KeysRest is the least time between two requests for the issuer's keys;
	// DefaultKeysRest when zero.
	KeysRest time.Duration
	// Client asks the issuer; one with sane limits when nil.
	Client *http.Client
	// Keys are the issuer's, of one that need not be asked for them.
	Keys oidc.KeySet
	// Grants are how the issuer gives tokens; those that it tells of when nil.
	Grants *Grants
}

const (
	// DefaultSkew is how far clocks may differ.
	DefaultSkew = 30 * time.Second
	// DefaultKeysRest lies between two requests for keys, whatever tokens come.
	DefaultKeysRest = 5 * time.Second

	// discoveryTimeout ends a request to an issuer.
	discoveryTimeout = 5 * time.Second
	retryAfter       = 5 * time.Second
)

var soundName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// issuer is an Issuer with its keys, once it was asked for them.
type issuer struct {
	Issuer

	client *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

func newIssuer(config Issuer) (*issuer, error) {
	if !soundName.MatchString(config.Name) {
		return nil, fmt.Errorf("name of issuer is %q, allowed are up to 64 letters, digits, '-' and '_'", config.Name)
	}
	if config.Name == CertificateIssuer {
		return nil, fmt.Errorf("name of issuer is %q, which is that of client certificates", config.Name)
	}
	if u, err := url.Parse(config.URL); config.Keys == nil && (err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http")) {
		return nil, fmt.Errorf("issuer %q: URL is %q, allowed is https://… or http://…", config.Name, config.URL)
	}
	if len(config.Audiences) == 0 {
		return nil, fmt.Errorf("issuer %q: an audience is needed: a token for others must not open this door", config.Name)
	}
	i := &issuer{Issuer: config}
	if i.GroupsClaim == "" {
		i.GroupsClaim = "groups"
	}
	if i.Skew == 0 {
		i.Skew = DefaultSkew
	}
	if i.KeysRest == 0 {
		i.KeysRest = DefaultKeysRest
	}
	i.client = restrained(config.Client, i.KeysRest)
	if i.Keys != nil {
		i.verifier = verifierOf(i.URL, i.Keys)
	}
	return i, nil
}

// succeed takes over what an earlier issuer with the same URL has found out, where
// both are asked in the same way.
func (i *issuer) succeed(earlier *issuer) {
	if earlier == nil || i.Keys != nil || earlier.Keys != nil || i.Client != nil || earlier.Client != nil || i.KeysRest != earlier.KeysRest {
		return
	}
	earlier.mu.Lock()
	defer earlier.mu.Unlock()
	i.client, i.verifier, i.Grants = earlier.client, earlier.verifier, earlier.Grants
}

// check refuses what no signature would make good.
func (i *issuer) check(c claims, now time.Time) error {
	switch {
	case c.Subject == "":
		return fault.New(fault.Unauthenticated, "the token has no subject (sub)")
	case c.Expiry == nil:
		return fault.New(fault.Unauthenticated, "the token has no end (exp)")
	case !now.Before(c.Expiry.Time().Add(i.Skew)):
		return fault.New(fault.Unauthenticated, "the token of issuer %s expired at %s", i.URL, c.Expiry.Time().UTC().Format(time.RFC3339))
	case c.NotBefore != nil && now.Add(i.Skew).Before(c.NotBefore.Time()):
		return fault.New(fault.Unauthenticated, "the token of issuer %s is not good before %s", i.URL, c.NotBefore.Time().UTC().Format(time.RFC3339))
	case !slices.ContainsFunc(i.Audiences, c.Audience.Contains):
		return fault.New(fault.Unauthenticated, "the token is for the audience %.200q, allowed is %q", []string(c.Audience), i.Audiences)
	}
	return nil
}

// verify checks the signature, with keys as new as can be had.
func (i *issuer) verify(ctx context.Context, token string) error {
	verifier, err := i.keys(ctx)
	if err != nil {
		return err
	}
	var asked attempt
	_, err = verifier.Verify(context.WithValue(ctx, attemptKey{}, &asked), token)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || asked.failed:
		return i.away(err)
	default:
		return fault.Wrap(fault.Unauthenticated, err, "the token's signature is not one of issuer %s", i.URL)
	}
}

func (i *issuer) away(err error) error {
	e := fault.Wrap(fault.Unavailable, err, "issuer %s does not give its keys now", i.URL)
	e.RetryAfter = retryAfter
	return e
}

// keys asks the issuer where its keys are, once it has answered never again.
func (i *issuer) keys(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.verifier != nil {
		return i.verifier, nil
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryTimeout)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(asking, i.client), i.URL)
	if err != nil {
		return nil, i.away(err)
	}
	var found struct {
		Keys     string   `json:"jwks_uri"`
		Endpoint string   `json:"token_endpoint"`
		Grants   []string `json:"grant_types_supported"`
	}
	if err := provider.Claims(&found); err != nil || found.Keys == "" {
		return nil, i.away(errors.Join(err, errors.New("its discovery document names no jwks_uri")))
	}
	remote := oidc.NewRemoteKeySet(oidc.ClientContext(context.WithoutCancel(ctx), i.client), found.Keys)
	i.verifier = verifierOf(i.URL, watched{remote})
	if i.Grants == nil {
		i.Grants = discovered(found.Endpoint, found.Grants)
	}
	return i.verifier, nil
}

// verifierOf checks signatures. Audience and time are checked here, with words
// that help.
func verifierOf(url string, keys oidc.KeySet) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(url, keys, &oidc.Config{SkipClientIDCheck: true, SkipExpiryCheck: true, SupportedSigningAlgs: algorithmNames()})
}

func algorithmNames() []string {
	names := make([]string, len(algorithms))
	for n, a := range algorithms {
		names[n] = string(a)
	}
	return names
}

// identity is who the claims, once verified, are about.
func (i *issuer) identity(c claims) Identity {
	return Identity{Issuer: i.Name, Subject: c.Subject, Groups: c.groups(i.GroupsClaim), Expires: c.Expiry.Time().Add(i.Skew)}
}
