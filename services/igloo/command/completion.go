package command

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

//go:embed shells
var shells embed.FS

// Completion is the command that teaches a shell to complete the others.
type Completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Shell to write it for: bash, zsh or fish."`
}

// Run implements the command.
func (c *Completion) Run(_ context.Context, env *settings.Env) error {
	text, err := shells.ReadFile("shells/" + c.Shell)
	if err != nil {
		return err
	}
	_, err = env.Stdout.Write(text)
	return err
}

// Complete is what shells ask while somebody types.
type Complete struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"Words of the command line, the last of which is not finished."`
}

// completionTime is for how long somebody who types is kept waiting for names.
const completionTime = 2 * time.Second

// Run implements the command: a word a line that the last one may become.
func (c *Complete) Run(ctx context.Context, env *settings.Env) error {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, candidate := range complete(ctx, env.Commands.Node, words, env) {
		if _, err := fmt.Fprintln(env.Stdout, candidate); err != nil {
			return err
		}
	}
	return nil
}

// line is a command line that somebody types.
type line struct {
	// node is the command so far, and given are its arguments that are finished.
	node  *kong.Node
	given int
	// flag is the one whose value comes next; nil for none.
	flag *kong.Flag
	// values are those of flags that say where to ask, and as whom.
	values map[string]string
}

// complete are the words that the last one may become.
func complete(ctx context.Context, root *kong.Node, words []string, env *settings.Env) []string {
	l := &line{node: root, values: map[string]string{}}
	words, last := parted(words)
	for _, word := range words {
		l.read(word)
	}
	name, value, assigned := strings.Cut(last, "=")
	switch {
	case l.flag != nil:
		return matching(last, l.names(ctx, l.flag.Value, last, env))
	case strings.HasPrefix(last, "-") && assigned && l.known(name) != nil:
		return prefixed(name+"=", matching(value, l.names(ctx, l.known(name).Value, value, env)))
	case strings.HasPrefix(last, "-"):
		return matching(last, l.flags())
	case len(l.node.Children) > 0 && l.given > 0:
		return nil // no command is called that
	case len(l.node.Children) > 0:
		return matching(last, l.commands())
	case len(l.node.Positional) > 0:
		at := min(l.given, len(l.node.Positional)-1)
		return matching(last, l.names(ctx, l.node.Positional[at], last, env))
	}
	return nil
}

// parted takes the last word away. bash makes three words of "--flag=value", of
// which the last is to be completed alone.
func parted(words []string) (before []string, last string) {
	for _, word := range words {
		if word != "=" {
			before = append(before, word)
		}
	}
	if len(words) == 0 {
		return nil, ""
	}
	if words[len(words)-1] == "=" {
		return before, ""
	}
	return before[:len(before)-1], before[len(before)-1]
}

// read takes a word that is finished.
func (l *line) read(word string) {
	if l.flag != nil {
		l.values[l.flag.Name], l.flag = word, nil
		return
	}
	if strings.HasPrefix(word, "-") {
		name, value, assigned := strings.Cut(word, "=")
		flag := l.known(name)
		switch {
		case flag != nil && assigned:
			l.values[flag.Name] = value
		case flag != nil && !flag.IsBool():
			l.flag = flag
		}
		return
	}
	for _, child := range l.node.Children {
		if child.Name == word {
			l.node, l.given = child, 0
			return
		}
	}
	l.given++
}

// known finds a flag of the command, or of one above it.
func (l *line) known(word string) *kong.Flag {
	for node := l.node; node != nil; node = node.Parent {
		for _, flag := range node.Flags {
			if word == "--"+flag.Name || (flag.Short != 0 && word == "-"+string(flag.Short)) {
				return flag
			}
		}
	}
	return nil
}

func (l *line) flags() []string {
	var names []string
	for node := l.node; node != nil; node = node.Parent {
		for _, flag := range node.Flags {
			if !flag.Hidden {
				names = append(names, "--"+flag.Name)
			}
		}
	}
	return names
}

func (l *line) commands() []string {
	var names []string
	for _, child := range l.node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

// names are what a flag or an argument may be: one of a few words, or what the
// server has.
func (l *line) names(ctx context.Context, value *kong.Value, typed string, env *settings.Env) []string {
	if value.Enum != "" {
		return value.EnumSlice()
	}
	kind := value.Tag.Get("predictor")
	if kind == "" {
		return nil
	}
	return l.asked(ctx, kind, typed, env)
}

func matching(start string, all []string) []string {
	var some []string
	for _, one := range all {
		if strings.HasPrefix(one, start) {
			some = append(some, one)
		}
	}
	return some
}

func prefixed(with string, all []string) []string {
	for i, one := range all {
		all[i] = with + one
	}
	return all
}
