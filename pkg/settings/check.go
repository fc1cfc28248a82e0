package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// check refuses a command line that lacks something, or has what is not allowed.
func check(chosen *kong.Context) error {
	for _, path := range chosen.Path {
		if err := checkPath(path); err != nil {
			return err
		}
	}
	for _, path := range chosen.Path {
		if err := refuseMissing(path.Flags); err != nil {
			return err
		}
		if err := refuseTogether(path.Flags); err != nil {
			return err
		}
	}
	node := chosen.Selected()
	if node == nil {
		node = chosen.Model.Node
	}
	return refuseUnfinished(node)
}

// checkPath looks at the values of one thing that was said.
func checkPath(path *kong.Path) error {
	var values []*kong.Value
	if node := path.Node(); node != nil {
		values = node.Values()
	}
	for _, value := range values {
		if err := refuseOthers(value, value.Target); err != nil {
			return err
		}
	}
	switch said := path.Visitable().(type) {
	case *kong.Flag:
		return naming(said.ShortSummary(), checkAll(said.Target))
	case *kong.Value:
		return naming(said.ShortSummary(), checkAll(said.Target))
	case *kong.Application:
		return checkAll(said.Target)
	case *kong.Node:
		return naming(said.Path(), checkAll(said.Target))
	}
	return nil
}

func naming(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkAll asks a value, and what it is composed of, whether it can work.
func checkAll(value reflect.Value) error {
	if c, can := reflect.TypeAssert[Checked](value.Addr()); can {
		if err := c.Check(); err != nil {
			return err
		}
	}
	if value.Kind() != reflect.Struct {
		return nil
	}
	for field, part := range value.Fields() {
		_, embedded := field.Tag.Lookup("embed")
		if !field.IsExported() || !embedded && !field.Anonymous {
			continue
		}
		if err := checkAll(part); err != nil {
			return err
		}
	}
	return nil
}

// refuseOthers refuses a value that is none of those that are allowed. One that has
// to be said and was not is refused for that.
func refuseOthers(value *kong.Value, found reflect.Value) error {
	switch {
	case value.Enum == "" || value.Required && !value.Set:
		return nil
	case found.Kind() == reflect.Slice:
		for i := range found.Len() {
			if err := refuseOthers(value, found.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
	allowed, text := value.EnumSlice(), fmt.Sprint(found)
	if slices.Contains(allowed, text) {
		return nil
	}
	for i := range allowed {
		allowed[i] = strconv.Quote(allowed[i])
	}
	return fmt.Errorf("%s must be one of %s but got %q", value.ShortSummary(), strings.Join(allowed, ","), text)
}

// refuseMissing refuses that a flag is missing which is required, or all of a group
// of which one is.
func refuseMissing(flags []*kong.Flag) error {
	var missing []string
	for _, flag := range flags {
		group := exclusive(flag, flags)
		if flag.Required && !slices.ContainsFunc(group, func(f *kong.Flag) bool { return f.Set }) {
			names := make([]string, len(group))
			for i, f := range group {
				names[i] = f.Summary()
			}
			missing = append(missing, strings.Join(names, " or "))
		}
	}
	if missing == nil {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("missing flags: %s", strings.Join(slices.Compact(missing), ", "))
}

// refuseTogether refuses two flags of which one can be used.
func refuseTogether(flags []*kong.Flag) error {
	for _, flag := range flags {
		var used []string
		for _, f := range exclusive(flag, flags) {
			if f.Set {
				used = append(used, "--"+f.Name)
			}
		}
		if len(used) > 1 {
			return fmt.Errorf("%s can't be used together", strings.Join(used, " and "))
		}
	}
	return nil
}

// exclusive is a flag, and those that cannot be used beside it.
func exclusive(flag *kong.Flag, flags []*kong.Flag) []*kong.Flag {
	if len(flag.Xor) == 0 {
		return []*kong.Flag{flag}
	}
	var group []*kong.Flag
	for _, f := range flags {
		if slices.Contains(f.Xor, flag.Xor[0]) {
			group = append(group, f)
		}
	}
	return group
}

// refuseUnfinished refuses that a command lacks arguments, or the name of one of the
// commands that it is made of.
func refuseUnfinished(node *kong.Node) error {
	var arguments, expected []string
	for _, argument := range node.Positional {
		if argument.Required && !argument.Set {
			arguments = append(arguments, argument.Summary())
		}
	}
	if arguments != nil {
		expected = append(expected, strconv.Quote(strings.Join(arguments, " ")))
	}
	for _, child := range node.Children {
		if !child.Hidden {
			expected = append(expected, strconv.Quote(child.Name))
		}
	}
	const shown = 5
	if len(expected) > shown {
		expected = append(expected[:shown], "...")
	}
	switch len(expected) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("expected %s", expected[0])
	}
	return fmt.Errorf("expected one of %s", strings.Join(expected, ", "))
}
