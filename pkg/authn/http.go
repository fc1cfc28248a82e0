package authn

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Guard lets requests through whose token is believed, or whose certificate where
// they sent no token, with who asks in their context; refuse answers the others. Without an authenticator everybody passes.
func Guard(next http.Handler, by Authenticator, refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	if by == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, err := identify(r.Context(), by, r.Header.Values("Authorization"), r.TLS)
		if err != nil {
			if fault.KindOf(err) == fault.Unauthenticated {
				w.Header().Set("WWW-Authenticate", challenge(r))
			}
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), identity)))
	})
}

// tokenOf reads the one value of an Authorization header.
func tokenOf(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", fault.New(fault.Unauthenticated, "no token was sent: 'Authorization: Bearer …' is needed")
	case 1:
	default:
		return "", fault.New(fault.Unauthenticated, "the header Authorization is given %d times, once is allowed", len(values))
	}
	scheme, token, found := strings.Cut(strings.TrimSpace(values[0]), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", fault.New(fault.Unauthenticated, "the header Authorization must be 'Bearer' and a token")
	}
	return strings.TrimSpace(token), nil
}

// challenge tells clients what is wanted. RFC 6750, 3: without an error where no
// token was sent.
func challenge(r *http.Request) string {
	if r.Header.Get("Authorization") == "" {
		return `Bearer realm="igloo"`
	}
	return fmt.Sprintf(`Bearer realm="igloo", error=%q`, "invalid_token")
}
