package command

import (
	"embed"
	"strings"
)

// examples are what the help of each group of commands shows. They are run, in
// their order, where the manual is tested.
//
//go:embed examples
var examples embed.FS

// exampleOf is the help of a group; embed has checked that it is there.
func exampleOf(group string) string {
	text, err := examples.ReadFile("examples/" + group)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(text), "\n")
}

// Help implements kong.HelpProvider.
func (*Warehouses) Help() string { return exampleOf("warehouses") }

// Help implements kong.HelpProvider.
func (*Namespaces) Help() string { return exampleOf("namespaces") }

// Help implements kong.HelpProvider.
func (*Tables) Help() string { return exampleOf("tables") }

// Help implements kong.HelpProvider.
func (*Views) Help() string { return exampleOf("views") }

// Help implements kong.HelpProvider.
func (*Jobs) Help() string { return exampleOf("jobs") }

// Help implements kong.HelpProvider.
func (*Roles) Help() string { return exampleOf("roles") }

// Help implements kong.HelpProvider.
func (*Grants) Help() string { return exampleOf("grants") }

// Help implements kong.HelpProvider.
func (*Explain) Help() string { return exampleOf("explain") }

// Help implements kong.HelpProvider.
func (*Doctor) Help() string { return exampleOf("doctor") }

// Help implements kong.HelpProvider.
func (*Completion) Help() string { return exampleOf("completion") }
