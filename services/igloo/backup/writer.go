package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
)

// Writer writes a file.
type Writer struct {
	to      *bufio.Writer
	sum     hash.Hash
	trailer Trailer
}

// NewWriter begins a file.
func NewWriter(to io.Writer, h Header) (*Writer, error) {
	w := &Writer{to: bufio.NewWriter(to), sum: sha256.New(), trailer: Trailer{Counts: map[string]int64{}, Unchanged: true}}
	return w, w.Write(TypeHeader, "", h)
}

// Write adds a line.
func (w *Writer) Write(kind, warehouse string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode a %s: %w", kind, err)
	}
	line, err := json.Marshal(Line{Type: kind, Warehouse: warehouse, Value: text})
	if err != nil {
		return fmt.Errorf("encode a %s: %w", kind, err)
	}
	line = append(line, '\n')
	w.trailer.Lines++
	w.trailer.Counts[kind]++
	_, _ = w.sum.Write(line) // a hash takes everything
	if _, err := w.to.Write(line); err != nil {
		return fmt.Errorf("write a %s: %w", kind, err)
	}
	return nil
}

// Changed tells that a warehouse changed while it was read.
func (w *Writer) Changed() { w.trailer.Unchanged = false }

// End writes the trailer, without which the file is not whole, and returns it.
func (w *Writer) End() (Trailer, error) {
	w.trailer.SHA256 = hex.EncodeToString(w.sum.Sum(nil))
	trailer := w.trailer
	if err := w.Write(TypeTrailer, "", trailer); err != nil {
		return trailer, err
	}
	if err := w.to.Flush(); err != nil {
		return trailer, fmt.Errorf("write the trailer: %w", err)
	}
	return trailer, nil
}
