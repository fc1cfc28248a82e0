package command

import (
	"os"

	"golang.org/x/term"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// screen is the terminal that an answer is shown on; the zero screen is none.
type screen struct {
	// width in characters; 0 where nothing is to be cut.
	width int
	// coloured tells whether colours are wanted.
	coloured bool
}

// screenOf is what is behind the standard output. Colours are for terminals whose
// owner has not said otherwise, by NO_COLOR or a TERM of dumb.
func screenOf(env *settings.Env) screen {
	file, found := terminal(env.Stdout)
	if !found {
		return screen{}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		width = 0
	}
	without, _ := env.LookupEnv("NO_COLOR")
	kind, _ := env.LookupEnv("TERM")
	return screen{width: width, coloured: without == "" && kind != "dumb"}
}

// terminal is the terminal behind a stream, where there is one.
func terminal(stream any) (*os.File, bool) {
	file, isFile := stream.(*os.File)
	return file, isFile && term.IsTerminal(int(file.Fd()))
}

const (
	bold  = "1"
	red   = "31"
	green = "32"
)

// paint gives a text a colour.
func (s screen) paint(colour, text string) string {
	if !s.coloured {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (s screen) heading(text string) string { return s.paint(bold, text) }
