package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// journal notes what is done, a line of JSON each, so that whoever begins again
// goes on. A line that was cut off is no note.
type journal struct {
	mu   sync.Mutex
	file *os.File // nil where nothing is noted
	done map[string]bool
}

// openJournal opens a journal, or makes it; without a path nothing is noted.
func openJournal(path string) (*journal, error) {
	j := &journal{done: map[string]bool{}}
	if path == "" {
		return j, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	j.file = file
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var s step
		if json.Unmarshal(lines.Bytes(), &s) == nil {
			j.done[s.key()] = true
		}
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return j, nil
}

func (s step) key() string { return s.Type + " " + s.Name }

// has reports whether a step was noted.
func (j *journal) has(s step) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done[s.key()]
}

// note adds a step, which is in the file when note returns.
func (j *journal) note(s step) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[s.key()] = true
	if j.file == nil {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	// One that was cut off before stays a line of its own.
	_, err = j.file.Write(append(append([]byte{'\n'}, text...), '\n'))
	return err
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
