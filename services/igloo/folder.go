package igloo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder makes the data folder and takes it: a second process on the same
// folder is told so instead of fighting over the database. The lock goes with
// the file, and so with the process, however that ends.
func lockFolder(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("another igloo serves from %s", folder)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data folder: %w", err), file.Close())
	}
	return file, nil
}

// planKey is the key that scan plans are signed with. It is made once and stays
// in the folder, so that a restart loses no plan.
func planKey(folder string) (string, error) {
	path := filepath.Join(folder, "plan.key")
	key, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err == nil && len(key) > 0 {
		return string(key), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("key of scan plans: %w", err)
	}
	made := rand.Text()
	if err := os.WriteFile(path, []byte(made), 0o600); err != nil {
		return "", fmt.Errorf("key of scan plans: %w", err)
	}
	return made, nil
}
