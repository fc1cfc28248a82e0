package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// Manual is the command that prints the manual of all others.
type Manual struct {
	Form string `arg:"" optional:"" default:"man" enum:"man,markdown,configuration,igloo.yaml,catalog.yaml,housetable.yaml" help:"As a page for man, or as markdown; instead of commands the configuration, as markdown, or as a file with all settings of one program."`
}

// Run implements the command.
func (c *Manual) Run(_ context.Context, env *settings.Env) error {
	text, err := c.text(env.Commands)
	if err != nil {
		return err
	}
	_, err = io.WriteString(env.Stdout, text)
	return err
}

func (c *Manual) text(app *kong.Application) (string, error) {
	switch c.Form {
	case "man":
		return writeManual(&roff{}, app)
	case "markdown":
		return writeManual(&markdown{}, app)
	case "configuration":
		return writeConfiguration(app)
	default:
		return writeExample(app, strings.TrimSuffix(c.Form, ".yaml"))
	}
}

// writing is a text with headings, in some form.
type writing interface {
	fmt.Stringer
	title(name, help string)
	heading(text string)
	command(text string)
	paragraph(text string)
	// examples are lines for a shell.
	examples(lines []string)
	// terms are explained, a pair each.
	terms(pairs [][2]string)
}

const endings = `A command ends with the code 0 when all went well, 1 when it failed, was refused, or found that what it was asked is not so, and 2 when it was told something that it does not understand: then nothing was asked of the server. doctor has codes of its own. What went wrong is written to the standard error, in the server's words where the server said it.

Tables are for people: on a terminal they are cut to its width, and coloured unless NO_COLOR is set. Programs ask for -o json, one document, or -o jsonl, a document a line, which lists of any length are written as while they are read. A thing has the fields that the server answered; what a command makes itself is named in lower case with hyphens. Fields may be added, and never go.

What cannot be taken back is asked about on a terminal, and needs --yes elsewhere. A change whose answer was lost is asked for again as the same operation, and made once.`

func writeManual(w writing, app *kong.Application) (string, error) {
	shared, err := sharedFlags()
	if err != nil {
		return "", err
	}
	w.title(app.Name, app.Help)
	for paragraph := range strings.SplitSeq(endings, "\n\n") {
		w.paragraph(paragraph)
	}
	w.heading("flags of every command")
	w.terms(flagTerms(shared, nil))
	for _, group := range app.Children {
		if !group.Hidden && !passedOver(group.Name) {
			writeGroup(w, group, shared)
		}
	}
	return w.String(), nil
}

// passedOver are the commands that others tell of: the settings of serve have a
// page of their own.
func passedOver(name string) bool { return name == "serve" || name == "version" }

// sharedFlags are those of a Session.
func sharedFlags() ([]*kong.Flag, error) {
	parser, err := kong.New(&Session{}, kong.NoDefaultHelp())
	if err != nil {
		return nil, fmt.Errorf("build the command line: %w", err)
	}
	return parser.Model.Flags, nil
}

func writeGroup(w writing, group *kong.Node, shared []*kong.Flag) {
	w.heading("igloo " + group.Name)
	w.paragraph(group.Help)
	var lines []string
	for paragraph := range strings.SplitSeq(group.Detail, "\n\n") {
		if strings.HasPrefix(paragraph, "    ") {
			for line := range strings.SplitSeq(paragraph, "\n") {
				lines = append(lines, strings.TrimPrefix(line, "    "))
			}
		} else if paragraph != "" {
			w.paragraph(paragraph)
		}
	}
	if lines != nil {
		w.examples(lines)
	}
	leaves := group.Children
	if len(leaves) == 0 {
		w.terms(append(argumentTerms(group), flagTerms(group.Flags, shared)...))
	}
	for _, leaf := range leaves {
		w.command("igloo " + synopsis(leaf))
		w.paragraph(leaf.Help)
		w.terms(append(argumentTerms(leaf), flagTerms(leaf.Flags, shared)...))
	}
}

func synopsis(node *kong.Node) string {
	words := make([]string, 0, 1+len(node.Positional))
	words = append(words, node.Path())
	for _, argument := range node.Positional {
		words = append(words, argument.Summary())
	}
	return strings.Join(words, " ")
}

func argumentTerms(node *kong.Node) [][2]string {
	terms := make([][2]string, 0, len(node.Positional))
	for _, argument := range node.Positional {
		terms = append(terms, [2]string{argument.Summary(), argument.Help})
	}
	return terms
}

// flagTerms leaves out the flags that are told of elsewhere.
func flagTerms(flags, elsewhere []*kong.Flag) [][2]string {
	told := map[string]bool{"help": true}
	for _, flag := range elsewhere {
		told[flag.Name] = true
	}
	var terms [][2]string
	for _, flag := range flags {
		if told[flag.Name] || flag.Hidden {
			continue
		}
		help := flag.Help
		if len(flag.Envs) > 0 {
			help += " (" + strings.Join(flag.Envs, ", ") + ")"
		}
		terms = append(terms, [2]string{flag.String(), help})
	}
	return terms
}
