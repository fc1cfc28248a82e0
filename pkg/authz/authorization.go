package authz

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What decides.
const (
	// ByGrants is to decide by what was granted.
	ByGrants = "grants"
	// ByCedar is to decide by policies in the language Cedar.
	ByCedar = "cedar"
	// ByNothing is to let everybody do everything.
	ByNothing = "none"
)

const (
	// DefaultLag is how old what is decided by may be, where nothing else is said.
	DefaultLag = time.Second
	leastLag   = 100 * time.Millisecond
	mostLag    = time.Minute
)

// Authorization is what an operator says about who may do what.
type Authorization struct {
	Authorization         string        `env:"IGLOO_AUTHORIZATION" help:"Decide who may do what by grants, by policies (cedar), or let everybody do everything (none). Without a word by grants, where callers have to say who they are. The same for both services." placeholder:"grants|cedar|none" allowed:"grants, cedar or none"`
	AuthorizationPolicies string        `env:"IGLOO_AUTHORIZATION_POLICIES" help:"Decide by the policies (Cedar) in this file, which is read again when it changes; one that is wrong changes nothing. Goes with authorization cedar, and neither is without the other." placeholder:"FILE"`
	AuthorizationLag      time.Duration `default:"1s" env:"IGLOO_AUTHORIZATION_LAG" help:"Decide by nothing that was revoked longer ago than this; the same for all services. Where grants could not be followed for as long, requests wait for them, and are refused if that fails. Shorter means more reads at the house table service." allowed:"100ms to 1m; 0s stands for the default"`
	Admins                []string      `name:"admin" env:"IGLOO_ADMINS" help:"Let this principal, or the members of this group, do everything, whatever is granted. May be given several times." placeholder:"ISSUER:SUBJECT|group:ISSUER:GROUP"`
}

// Check refuses settings that cannot work.
func (a Authorization) Check() error {
	var errs []error
	switch a.Authorization {
	case "", ByGrants, ByNothing, ByCedar:
	default:
		errs = append(errs, fmt.Errorf("authorization is %q, allowed are grants, cedar and none", a.Authorization))
	}
	if (a.Authorization == ByCedar) != (a.AuthorizationPolicies != "") {
		errs = append(errs, errors.New("authorization-policies names the file of policies for authorization cedar, and neither is without the other"))
	}
	if lag := a.Lag(); lag < leastLag || lag > mostLag {
		errs = append(errs, fmt.Errorf("authorization-lag is %s, allowed is from %s to %s", lag, leastLag, mostLag))
	}
	_, err := a.Administrators()
	return errors.Join(append(errs, err)...)
}

// Lag is how old what is decided by may be.
func (a Authorization) Lag() time.Duration {
	if a.AuthorizationLag == 0 {
		return DefaultLag
	}
	return a.AuthorizationLag
}

// By is what decides, where callers have to say who they are, or do not. Nothing
// but ByNothing decides about those of whom nothing is known.
func (a Authorization) By(authenticated bool) (string, error) {
	switch {
	case a.Authorization == "" && authenticated:
		return ByGrants, nil
	case a.Authorization == "":
		return ByNothing, nil
	case a.Authorization != ByNothing && !authenticated:
		return "", fmt.Errorf("authorization is %q, and nobody has to say who they are: set auth-issuer or auth-kubernetes, or authorization none", a.Authorization)
	default:
		return a.Authorization, nil
	}
}

// Administrators are those who are named.
func (a Authorization) Administrators() (Administrators, error) {
	all := make(Administrators, 0, len(a.Admins))
	for _, name := range a.Admins {
		text := strings.TrimSpace(name)
		if !strings.HasPrefix(text, groupPrefix) && !strings.HasPrefix(text, userPrefix) {
			text = userPrefix + text
		}
		grantee, err := ParseGrantee("admin", text)
		if _, role := Grantee(strings.TrimSpace(name)).Role(); err != nil || role {
			return nil, fmt.Errorf("admin is %q, allowed are ISSUER:SUBJECT and group:ISSUER:GROUP", name)
		}
		all = append(all, grantee)
	}
	return all, nil
}
