package command

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// maxSecretBytes bounds the file of a secret: a service account's is about 2 KiB.
const maxSecretBytes = 64 << 10

// secretFlags say where a secret is. It is never a flag itself: those are seen by
// everybody on the machine, and kept in the history of the shell.
type secretFlags struct {
	File string `help:"File with the ${secret}." placeholder:"FILE"`
	Env  string `help:"Variable with the ${secret}." placeholder:"NAME"`
}

// read is the secret; nil when none is given.
func (f secretFlags) read(flag string, env *settings.Env) (*string, error) {
	var value string
	switch {
	case f.File != "" && f.Env != "":
		return nil, usage("%s-file and %s-env are two places for one secret: only one of them can be given", flag, flag)
	case f.Env != "":
		value, _ = env.LookupEnv(f.Env)
		if value == "" {
			return nil, usage("%s-env: the variable %s is not set, or empty", flag, f.Env)
		}
	case f.File != "":
		var err error
		if value, err = readSecret(flag+"-file", f.File); err != nil {
			return nil, err
		}
	default:
		return nil, nil //nolint:nilnil // none is no error
	}
	return &value, nil
}

// into sets a field to the secret, if one is given.
func (f secretFlags) into(field **string, flag string, env *settings.Env) error {
	value, err := f.read(flag, env)
	if value != nil {
		*field = value
	}
	return err
}

// readSecret is what a file holds, without the end of its last line.
func readSecret(flag, path string) (string, error) {
	content, err := readFile(path, maxSecretBytes)
	if err != nil {
		return "", usage("%s: %w", flag, err)
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" {
		return "", usage("%s: %s is empty", flag, path)
	}
	return secret, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // whoever runs the command names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return readAll(file, path, limit)
}

func readAll(from io.Reader, name string, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return content, err
}

// usage is an error of what a command was told.
func usage(format string, args ...any) error {
	return &settings.UsageError{Err: fmt.Errorf(format, args...)}
}
