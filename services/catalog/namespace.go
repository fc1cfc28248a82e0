package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Limits of names. They keep keys within what every store can index.
const (
	// MaxNameBytes bounds a table's name and each level of a namespace.
	MaxNameBytes = 255
	// MaxDatabaseIDBytes bounds a whole namespace.
	MaxDatabaseIDBytes = 1000
)

// Namespace is a list of levels, outermost first.
type Namespace []string

// String joins the levels by dots, for people; it is not one-to-one.
func (n Namespace) String() string { return strings.Join(n, ".") }

// Equal reports whether both have the same levels.
func (n Namespace) Equal(other Namespace) bool { return slices.Equal(n, other) }

// Validate refuses what no store could keep apart or show: no levels, empty or
// over-long ones, control characters, text that is not UTF-8.
func (n Namespace) Validate() error {
	if len(n) == 0 {
		return fault.Field("namespace", "must have at least one level")
	}
	for _, level := range n {
		if err := validateName("namespace", level); err != nil {
			return err
		}
	}
	if id := n.DatabaseID(); len(id) > MaxDatabaseIDBytes {
		return fault.Field("namespace", "is longer than %d bytes in all", MaxDatabaseIDBytes)
	}
	return nil
}

func validateName(field, name string) error {
	switch {
	case name == "":
		return fault.Field(field, "must not be empty")
	case len(name) > MaxNameBytes:
		return fault.Field(field, "is longer than %d bytes", MaxNameBytes)
	case !utf8.ValidString(name):
		return fault.Field(field, "is not valid UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return fault.Field(field, "contains a control character")
	case name == "." || name == "..":
		// Clients and proxies take it for a way up, escaped or not.
		return fault.Field(field, "%q cannot stand in a path", name)
	}
	return nil
}

// DatabaseID is the namespace as the house table service knows it: the levels
// joined by dots, with dots, percents and control characters inside a level
// percent-escaped. A plain namespace of one level is itself.
func (n Namespace) DatabaseID() string {
	if !slices.ContainsFunc(n, odd) {
		return strings.Join(n, ".")
	}
	var b strings.Builder
	for i, level := range n {
		if i > 0 {
			b.WriteByte('.')
		}
		for _, r := range level {
			writeEscaped(&b, r)
		}
	}
	return b.String()
}

// odd reports whether a level may need escapes: most are plain ASCII.
func odd(level string) bool {
	for i := range len(level) {
		if c := level[i]; c < ' ' || c > '~' || c == '.' || c == '%' {
			return true
		}
	}
	return false
}

func writeEscaped(b *strings.Builder, r rune) {
	if r != '.' && r != '%' && !unicode.IsControl(r) {
		b.WriteRune(r)
		return
	}
	for _, octet := range []byte(string(r)) {
		fmt.Fprintf(b, "%%%02X", octet)
	}
}

// ParseDatabaseID is the inverse of DatabaseID. It refuses every spelling but
// the one that DatabaseID makes, so that no two ids are one namespace.
func ParseDatabaseID(id string) (Namespace, error) {
	var n Namespace
	for escaped := range strings.SplitSeq(id, ".") {
		level, err := unescapeLevel(escaped)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%q is not a database id", id)
		}
		n = append(n, level)
	}
	if n.DatabaseID() != id {
		return nil, fault.New(fault.Invalid, "%q is not the canonical spelling of a database id", id)
	}
	return n, nil
}

func unescapeLevel(escaped string) (string, error) {
	if !strings.Contains(escaped, "%") {
		return escaped, nil
	}
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(escaped, "%")
		b.WriteString(plain)
		if !found {
			return b.String(), nil
		}
		if len(rest) < 2 {
			return "", fmt.Errorf("escape %q is cut short", "%"+rest)
		}
		var octet byte
		if _, err := fmt.Sscanf(rest[:2], "%02X", &octet); err != nil {
			return "", fmt.Errorf("escape %q: %w", "%"+rest[:2], err)
		}
		b.WriteByte(octet)
		escaped = rest[2:]
	}
}

// TableIdentifier names a table or a view.
type TableIdentifier struct {
	Namespace Namespace
	Name      string
}

// String joins namespace and name by dots, for people.
func (id TableIdentifier) String() string { return id.Namespace.String() + "." + id.Name }

// Equal reports whether both name the same.
func (id TableIdentifier) Equal(other TableIdentifier) bool {
	return id.Name == other.Name && id.Namespace.Equal(other.Namespace)
}

// Validate refuses names that cannot be kept.
func (id TableIdentifier) Validate() error {
	if err := id.Namespace.Validate(); err != nil {
		return err
	}
	return validateName("name", id.Name)
}
