package settings

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// file is a YAML file of settings: a flat map from a flag's name to its value.
type file struct {
	path   string
	values map[string]any
	// stamp is from before it was read: what changes then is read again.
	stamp stamp
}

// readFile reads the file at path; an empty path is an empty file.
func readFile(path string) (*file, error) {
	f := &file{path: path, values: map[string]any{}, stamp: stampOf(path)}
	if path == "" {
		return f, nil
	}
	r, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	if err := yaml.NewDecoder(r).Decode(&f.values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("settings file %s: %w", path, err)
	}
	return f, nil
}

// refuseUnknown fails on a key that is no setting of any command of the program.
func (f *file) refuseUnknown(root *kong.Node) error {
	known := flagNames(root)
	for key := range f.values {
		if !slices.Contains(known, key) {
			return fmt.Errorf("settings file %s: unknown key %q%s; known are %s", f.path, key, hint(key, known), strings.Join(known, ", "))
		}
	}
	return nil
}

func flagNames(node *kong.Node) []string {
	names := make([]string, 0, len(node.Flags))
	for _, flag := range node.Flags {
		if lasting(flag) {
			names = append(names, flag.Name)
		}
	}
	for _, child := range node.Children {
		names = append(names, flagNames(child)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lasting reports whether a flag is one way of several to say something. One
// without a variable is about one call, and may share its name with a setting.
func lasting(flag *kong.Flag) bool { return len(flag.Envs) > 0 }

// text is the value of a key as a flag would spell it. A key without a value (YAML's
// null) says nothing.
func (f *file) text(key string) (string, bool) {
	value := f.values[key]
	if value == nil {
		return "", false
	}
	list, isList := value.([]any)
	if !isList {
		return fmt.Sprint(value), true
	}
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = fmt.Sprint(item)
	}
	return strings.Join(parts, ","), true
}

// resolver gives kong the file's values, and nothing where the environment
// speaks: kong itself would let a resolver win over the environment.
type resolver struct {
	file      *file
	lookupEnv func(string) (string, bool)
}

// Validate implements kong.Resolver; unknown keys were refused before.
func (r *resolver) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (r *resolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if name, value, ok := fromEnv(flag, r.lookupEnv); ok && name != "" {
		return value, nil
	}
	if text, ok := r.file.text(flag.Name); ok && lasting(flag) {
		return text, nil
	}
	return nil, nil //nolint:nilnil // kong's way to say that there is no value
}

func fromEnv(flag *kong.Flag, lookup func(string) (string, bool)) (name, value string, ok bool) {
	for _, name := range flag.Envs {
		if value, ok := lookup(name); ok {
			return name, value, true
		}
	}
	return "", "", false
}
