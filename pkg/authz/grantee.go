package authz

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Grantee is to whom something is granted, in its text form: "user:corp:alice",
// "group:corp:analysts", "role:readers" or "everyone".
type Grantee string

// Everyone is whoever has said who they are.
const Everyone Grantee = "everyone"

const (
	userPrefix  = "user:"
	groupPrefix = "group:"
	rolePrefix  = "role:"

	// maxGrantee bounds a grantee's text, in bytes.
	maxGrantee = 512
)

const granteeForms = "user:ISSUER:SUBJECT, group:ISSUER:GROUP, role:NAME and everyone"

// roleName keeps roles' names fit for a command line and a path.
var roleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// User is the grantee of a principal, "" for whom nothing can be granted to:
// nobody, and who did not have to say who they are.
func User(principal string) Grantee {
	if principal == "" || principal == authn.Anonymous {
		return ""
	}
	return Grantee(userPrefix + principal)
}

// Group is the grantee of a group as an issuer names it.
func Group(issuer, group string) Grantee { return Grantee(groupPrefix + issuer + ":" + group) }

// Members is the grantee of the members of a role.
func Members(role string) Grantee { return Grantee(rolePrefix + role) }

// Role is the name of the role that it is, if it is one.
func (g Grantee) Role() (name string, is bool) { return strings.CutPrefix(string(g), rolePrefix) }

// Principal is the principal that it is, if it is one.
func (g Grantee) Principal() (principal string, is bool) {
	return strings.CutPrefix(string(g), userPrefix)
}

// ParseGrantee reads a grantee in a field of a request.
func ParseGrantee(field, text string) (Grantee, error) {
	switch {
	case len(text) > maxGrantee:
		return "", fault.Field(field, "has %d bytes, allowed are up to %d", len(text), maxGrantee)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", fault.Field(field, "is not of printable characters of UTF-8 alone")
	case text == string(Everyone):
		return Everyone, nil
	}
	if name, is := Grantee(text).Role(); is {
		return Grantee(text), CheckRoleName(field, name)
	}
	for _, prefix := range []string{userPrefix, groupPrefix} {
		if named, is := strings.CutPrefix(text, prefix); is && vouched(named) {
			return Grantee(text), nil
		}
	}
	return "", fault.Field(field, "is %.100q, allowed are %s", text, granteeForms)
}

// vouched reports whether a name has an issuer, and something after it.
func vouched(name string) bool {
	issuer, subject, found := strings.Cut(name, ":")
	return found && issuer != "" && subject != ""
}

// CheckRoleName refuses a name in a field of a request that no role can have.
func CheckRoleName(field, name string) error {
	if roleName.MatchString(name) {
		return nil
	}
	return fault.Field(field, "is %.140q, allowed are up to 128 letters, digits, '.', '-' and '_', the first a letter or a digit", name)
}

// Administrators are users and groups who own the server, whatever is granted.
type Administrators []Grantee

// As is as whom somebody is one, if they are.
func (a Administrators) As(who authn.Identity) (Grantee, bool) {
	if who.Subject == "" || len(a) == 0 {
		return "", false
	}
	if user := User(who.Principal()); slices.Contains(a, user) {
		return user, true
	}
	for _, name := range who.Groups {
		if group := Group(who.Issuer, name); slices.Contains(a, group) {
			return group, true
		}
	}
	return "", false
}
