// Package authn owns who a caller is: it reads the bearer token of a request and
// says whose it is, or what is wrong with it.
//
// It promises that a token is believed only if an issuer that was configured
// signed it, for an audience that was configured, and its time is neither over
// nor to come; that what is refused is told why, without a word of the token;
// that an issuer which is away costs no request whose token was seen before; and
// that no token makes it ask an issuer more often than once in a while.
package authn

import (
	"context"
	"strings"
	"time"
)

// Identity is who somebody is.
type Identity struct {
	// Issuer is the name, as configured, of who vouches for the subject.
	Issuer string
	// Subject is unique and lasting at the issuer.
	Subject string
	// Groups are those that the issuer counts the subject to.
	Groups []string
	// Expires is when the proof ends.
	Expires time.Time
}

// Anonymous is the principal where nobody has to say who they are.
const Anonymous = "anonymous"

// Principal names the identity in histories, audits and grants: "issuer:subject".
// The zero identity is Anonymous.
func (i Identity) Principal() string {
	if i.Subject == "" {
		return Anonymous
	}
	return i.Issuer + ":" + i.Subject
}

// Named is the identity that a principal names, which may be absent: nothing is known
// of its groups. It is false for Anonymous, and for what is no principal.
func Named(principal string) (Identity, bool) {
	issuer, subject, found := strings.Cut(principal, ":")
	return Identity{Issuer: issuer, Subject: subject}, found && subject != ""
}

type contextKey struct{}

// With makes a context that knows who asks.
func With(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, identity)
}

// From says who asks: the zero identity when nobody had to say.
func From(ctx context.Context) Identity {
	identity, _ := ctx.Value(contextKey{}).(Identity)
	return identity
}

// Authenticator tells whose a token is.
type Authenticator interface {
	// Authenticate returns whose a token is. fault.Unauthenticated when it proves
	// nothing, and says why; fault.Unavailable when that cannot be found out now.
	Authenticate(ctx context.Context, token string) (Identity, error)
}
