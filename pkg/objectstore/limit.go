package objectstore

import (
	"bytes"
	"fmt"
	"io"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// DefaultReadLimit bounds a single Read: far above any sane metadata file, far
// below the memory of a machine.
const DefaultReadLimit = 256 << 20

// ReadAll is how every store reads an object which says that it has so many
// bytes: fault.TooLarge when that, or what comes, is over the limit.
func ReadAll(object io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, fault.New(fault.TooLarge, "object of %d bytes is over the limit of %d bytes", size, limit)
	}
	data := bytes.NewBuffer(make([]byte, 0, max(size, 0)+bytes.MinRead))
	n, err := data.ReadFrom(io.LimitReader(object, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	if n > limit {
		return nil, fault.New(fault.TooLarge, "object is over the limit of %d bytes", limit)
	}
	return data.Bytes(), nil
}
