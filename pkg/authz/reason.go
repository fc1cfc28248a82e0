package authz

import (
	"fmt"
	"strings"
)

// ReasonKind is what sort of reason it is.
type ReasonKind uint8

// The kinds of reasons.
const (
	// ByGrant is a grant, on the object or on what it is in.
	ByGrant ReasonKind = iota + 1
	// ByOwner is that the house table is the caller's own.
	ByOwner
	// ByAdministrator is that the settings name the caller, or a group of theirs.
	ByAdministrator
	// ByPassage is that something inside may be described.
	ByPassage
	// ByPolicy is a policy.
	ByPolicy
	// Unrestricted is that everybody may do everything.
	Unrestricted
)

var reasonNames = [...]string{
	ByGrant: "grant", ByOwner: "owner", ByAdministrator: "administrator",
	ByPassage: "passage", ByPolicy: "policy", Unrestricted: "unrestricted",
}

// String is the kind's name: "administrator".
func (k ReasonKind) String() string {
	if k == 0 || int(k) >= len(reasonNames) {
		return "unknown"
	}
	return reasonNames[k]
}

// Reason is one reason why something is allowed; it is enough by itself.
type Reason struct {
	Kind ReasonKind
	// Privilege is what was given: what was asked for, or one that includes it.
	Privilege Privilege
	// On is on what it was given: what was asked about, or what that is in; with
	// ByPassage, what is inside.
	On Object
	// Grantee is to whom it was given.
	Grantee Grantee
	// Via are the roles that lead from the caller to the grantee, the caller's own
	// first and the grantee last; none when the caller is the grantee.
	Via []string
	// Policy is the id of a policy.
	Policy string
}

// String says it for people: "select on namespace sales in warehouse default,
// granted to role:readers, by role analysts → readers".
func (r Reason) String() string {
	switch r.Kind {
	case ByGrant:
		return fmt.Sprintf("%s on %s, granted to %s%s", r.Privilege, r.On, r.Grantee, r.via())
	case ByOwner:
		return fmt.Sprintf("owner of %s", r.On)
	case ByAdministrator:
		return fmt.Sprintf("administrator, as %s", r.Grantee)
	case ByPassage:
		return fmt.Sprintf("passage to %s: %s granted to %s%s", r.On, r.Privilege, r.Grantee, r.via())
	case ByPolicy:
		return "policy " + r.Policy
	case Unrestricted:
		return "there is no authorization: everybody may do everything"
	default:
		return r.Kind.String()
	}
}

func (r Reason) via() string {
	if len(r.Via) == 0 {
		return ""
	}
	return ", by role " + strings.Join(r.Via, " → ")
}
