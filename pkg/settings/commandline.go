package settings

import (
	"context"
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// Command is what a program can be told to do: a command of App.Commands that has
// no commands below it.
//
// kong would find Run, and hooks, by their names. A program that asks for methods by
// names which are known only as it runs is linked with every exported method of every
// type in it, which is half as much again. So kong only reads the command line, and
// what it would call is called here, by interfaces that no method of kong's has.
type Command interface {
	Run(ctx context.Context, env *Env) error
}

// Checked is a part of a command that can refuse what was read into it: its values are
// allowed one by one, and cannot work together.
type Checked interface {
	Check() error
}

// read reads what a program was told into its commands; helped tells that it was
// asked for help, and gave it.
func read(parser *kong.Kong, args []string) (chosen *kong.Context, helped bool, err error) {
	if chosen, err = kong.Trace(parser, args); err != nil {
		return nil, false, err
	}
	if chosen.Error != nil {
		return nil, false, chosen.Error
	}
	for _, path := range chosen.Path {
		if path.Flag != nil && path.Flag == parser.Model.HelpFlag {
			return nil, true, chosen.PrintUsage(false)
		}
	}
	if err := chosen.Reset(); err != nil {
		return nil, false, err
	}
	if err := chosen.Resolve(); err != nil {
		return nil, false, err
	}
	if _, err := chosen.Apply(); err != nil {
		return nil, false, err
	}
	return chosen, false, check(chosen)
}

// command is the one that was chosen.
func command(chosen *kong.Context) (Command, error) {
	node := chosen.Selected()
	if c, is := reflect.TypeAssert[Command](node.Target.Addr()); is {
		return c, nil
	}
	return nil, fmt.Errorf("%s is a %s, which cannot run", node.Path(), node.Target.Type())
}
