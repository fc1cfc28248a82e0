package igloo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The secrets of a data folder.
const (
	// planKeyFile holds the key that scan plans are signed with.
	planKeyFile = "plan.key"
	// signingKeyFile holds the key that tokens are signed with.
	signingKeyFile = "tokens.key"
	// CredentialFile holds the credential of who may do everything: "root:…".
	CredentialFile = "root.credential" //nolint:gosec // a name
)

// planKey is the same after a restart, which so loses no plan.
func planKey(folder string) (string, error) { return kept(folder, planKeyFile, newText) }

func newText() (string, error) { return rand.Text(), nil }

// kept is a secret that is made once and stays in the folder, for its owner alone.
func kept(folder, name string, make func() (string, error)) (string, error) {
	secret, err := readKept(folder, name)
	if errors.Is(err, os.ErrNotExist) {
		if err = makeKept(folder, name, make); err == nil {
			secret, err = readKept(folder, name)
		}
	}
	if err != nil {
		return "", fmt.Errorf("secret of the data folder: %w", err)
	}
	return secret, nil
}

func readKept(folder, name string) (string, error) {
	path := filepath.Join(folder, name)
	secret, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err == nil && len(secret) == 0 {
		err = fmt.Errorf("%s is empty: delete it, and a new one is made", path)
	}
	return string(secret), err
}

// makeKept puts a whole secret under its name or none, whenever the process
// ends. Of several that make one at once the first to link it has made it.
func makeKept(folder, name string, make func() (string, error)) error {
	secret, err := make()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, name+".*") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = file.WriteString(secret)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Link(file.Name(), filepath.Join(folder, name))
	}
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(file.Name()))
}
