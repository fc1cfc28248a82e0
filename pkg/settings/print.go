package settings

import (
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// hidden stands for the value of a secret.
const hidden = "(set, not shown)"

// printConfig writes each setting of the chosen command as a line of YAML with
// its origin as a comment.
func printConfig(app App, file *file, chosen *kong.Context) error {
	w := tabwriter.NewWriter(app.Stdout, 0, 0, 2, ' ', 0)
	for _, flag := range chosen.Flags() {
		if flag.Name == "help" || flag.Name == "print-config" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %s\t# from %s\n", flag.Name, shown(chosen, flag), origin(app, file, chosen, flag)); err != nil {
			return err
		}
	}
	return w.Flush()
}

func origin(app App, file *file, chosen *kong.Context, flag *kong.Flag) string {
	for _, path := range chosen.Path {
		if path.Flag == flag && !path.Resolved {
			return "flag --" + flag.Name
		}
	}
	if name, _, ok := fromEnv(flag, app.LookupEnv); ok {
		return "environment " + name
	}
	if _, ok := file.text(flag.Name); ok && lasting(flag) {
		return "file " + file.path
	}
	return "default"
}

// shown is the value without what must stay secret: the whole of a setting that
// is tagged so, and the password of any URL.
func shown(chosen *kong.Context, flag *kong.Flag) string {
	value := fmt.Sprint(chosen.FlagValue(flag))
	if flag.Tag.Has("secret") && value != "" {
		return hidden
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		return u.Redacted()
	}
	if strings.ContainsAny(value, "#: ") || value == "" {
		return fmt.Sprintf("%q", value)
	}
	return value
}
