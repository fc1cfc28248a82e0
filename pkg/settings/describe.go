package settings

import (
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Setting is one that a file, the environment and a flag can say.
type Setting struct {
	// Name is the key of the file, and with -- before it the flag.
	Name string
	// Variables are those of the environment; the first that is set holds.
	Variables []string
	// Group is the heading that it stands under.
	Group string
	// Help says what it does, in sentences.
	Help string
	// Kind is what it takes: "number", "one of a, b", "list of CIDR".
	Kind string
	// Unit is what a number counts; "" where the kind says it.
	Unit string
	// Allowed is the range that is not refused; "" where the kind says it.
	Allowed string
	// Default is what holds where nothing is said; "" is none.
	Default string
	// Text reports whether a value is text, or each of a list is, and so may need quotes.
	Text bool
	List bool
	// Needed reports whether nothing runs without it, Secret whether its value is never
	// shown, Live whether a change of the file is taken while the program runs.
	Needed, Secret, Live bool
}

// Describe tells of the settings among flags, in their order.
func Describe(flags []*kong.Flag) []Setting {
	var all []Setting
	for _, flag := range flags {
		if lasting(flag) && !flag.Hidden {
			all = append(all, describe(flag))
		}
	}
	return all
}

func describe(flag *kong.Flag) Setting {
	kind := flag.Target.Type()
	s := Setting{
		Name: flag.Name, Variables: flag.Envs, Help: flag.Help, Kind: kindOf(flag), Unit: flag.Tag.Get("unit"), Allowed: flag.Tag.Get("allowed"),
		Default: defaultOf(flag), Needed: flag.Required, Secret: flag.Tag.Has("secret"), Live: flag.Tag.Has(live),
		List: kind.Kind() == reflect.Slice, Text: kind.Kind() == reflect.String || kind.Kind() == reflect.Slice,
	}
	if flag.Group != nil {
		s.Group = flag.Group.Key
	}
	return s
}

// defaultOf is what holds where nothing is said: of a switch that it is off.
func defaultOf(flag *kong.Flag) string {
	if flag.Default == "" && flag.IsBool() {
		return "false"
	}
	return flag.Default
}

func kindOf(flag *kong.Flag) string {
	switch kind := flag.Target.Type(); {
	case flag.Enum != "":
		return "one of " + strings.Join(strings.FieldsFunc(flag.Enum, func(r rune) bool { return r == ',' }), ", ")
	case kind == reflect.TypeFor[time.Duration]():
		return "duration"
	case kind.Kind() == reflect.Bool:
		return "true or false"
	case kind.Kind() == reflect.Slice:
		return "list of " + named(flag, "texts")
	case kind.Kind() == reflect.String:
		return named(flag, "text")
	case kind.Kind() == reflect.Float64:
		return "number"
	default:
		return "whole number"
	}
}

// named is how a value is written, where the setting says so.
func named(flag *kong.Flag, otherwise string) string {
	if flag.PlaceHolder == "" {
		return otherwise
	}
	return flag.PlaceHolder
}
