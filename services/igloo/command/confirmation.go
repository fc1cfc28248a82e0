package command

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// confirmation is wanted for what cannot be taken back.
type confirmation struct {
	Yes bool `help:"Do not ask whether it is meant."`
}

// confirmed asks, where there is somebody to ask.
func (c confirmation) confirmed(to string, env *settings.Env) error {
	if c.Yes {
		return nil
	}
	if _, found := terminal(env.Stdin); !found {
		return usage("to %s from a script needs --yes", to)
	}
	return asked(to, env)
}

func asked(to string, env *settings.Env) error {
	const longestAnswer = 100
	if _, err := fmt.Fprintf(env.Stderr, "%s? [y/N] ", printable(to)); err != nil {
		return err
	}
	line, err := bufio.NewReader(io.LimitReader(env.Stdin, longestAnswer)).ReadString('\n')
	if err != nil && line == "" {
		return usage("to %s: nobody answers", to)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return usage("to %s was not confirmed: nothing is changed", to)
}
