package igloo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// planKeyFile holds the key, in the data folder.
const planKeyFile = "plan.key"

// planKey is the key that scan plans are signed with. It is made once and stays
// in the folder, so that a restart loses no plan.
func planKey(folder string) (string, error) {
	key, err := readPlanKey(folder)
	if errors.Is(err, os.ErrNotExist) {
		if err = makePlanKey(folder); err == nil {
			key, err = readPlanKey(folder)
		}
	}
	if err != nil {
		return "", fmt.Errorf("key of scan plans: %w", err)
	}
	return key, nil
}

func readPlanKey(folder string) (string, error) {
	path := filepath.Join(folder, planKeyFile)
	key, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err == nil && len(key) == 0 {
		err = fmt.Errorf("%s is empty: delete it, and a new one is made", path)
	}
	return string(key), err
}

// makePlanKey puts a whole key under its name or none, whenever the process
// ends. Of several that make one at once the first to link it has made it.
func makePlanKey(folder string) error {
	file, err := os.CreateTemp(folder, planKeyFile+".*") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = file.WriteString(rand.Text())
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Link(file.Name(), filepath.Join(folder, planKeyFile))
	}
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(file.Name()))
}
