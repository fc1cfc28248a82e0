package tlsfiles

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// rest is how long files are taken to be as they were: handshakes of a busy
// listener look at them once.
const rest = time.Second

// kept is a value made of files, made anew when their content changes. Nothing
// runs in the background: whoever needs the value has a look.
type kept[T any] struct {
	paths []string
	make  func(contents [][]byte) (T, error)
	log   *slog.Logger
	told  func(renewed bool)

	mu     sync.Mutex
	looked time.Time
	seen   [][]byte
	failed string
	value  T
}

// open makes the value for the first time.
func (k *kept[T]) open() (err error) {
	if k.seen, err = k.read(); err != nil {
		return err
	}
	k.looked = time.Now()
	k.value, err = k.make(k.seen)
	return err
}

// get is the value of the files as they are; the one before, as long as they make
// none: one of two files may be written later than the other.
func (k *kept[T]) get() T {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.looked) < rest {
		return k.value
	}
	k.looked = time.Now()
	contents, err := k.read()
	if err != nil {
		k.keep(err)
		return k.value
	}
	if slices.EqualFunc(contents, k.seen, bytes.Equal) {
		return k.value
	}
	k.seen = contents
	value, err := k.make(contents)
	if err != nil {
		k.keep(err)
		return k.value
	}
	k.value, k.failed = value, ""
	k.told(true)
	k.log.InfoContext(context.Background(), "certificates were renewed", "files", k.paths)
	return k.value
}

// keep tells, once for each reason, that files are no good.
func (k *kept[T]) keep(err error) {
	if err.Error() == k.failed {
		return
	}
	k.failed = err.Error()
	k.told(false)
	k.log.ErrorContext(context.Background(), "new certificates cannot be used, those before stay", "files", k.paths, "error", err)
}

// read reads all files; what is at an empty path is nothing.
func (k *kept[T]) read() ([][]byte, error) {
	contents := make([][]byte, len(k.paths))
	for i, path := range k.paths {
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("read certificates: %w", err)
		}
		contents[i] = content
	}
	return contents, nil
}
