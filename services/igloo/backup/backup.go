// Package backup owns the file that an Igloo is exported to and imported from:
// JSON Lines, of which the first says what the file is and the last that it is
// whole.
//
// It promises that a file is written and read a line at a time, whatever its size;
// that a file which lost or changed a byte is told from a whole one; and that a line
// leads to the same operation however often it is imported.
package backup

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Format is the version of the file's form that this build writes, and the only one
// that it reads.
const Format = 1

// The types of lines, in the order in which they follow each other: what a line
// refers to stands before it. A warehouse's own lines stand behind it.
const (
	TypeHeader = "header"
	TypeRole   = "role"
	// TypeGrant is on the server or on a role, or in the warehouse before it.
	TypeGrant       = "grant"
	TypeWarehouse   = "warehouse"
	TypeNamespace   = "namespace"
	TypeSoftDeleted = "soft-deleted"
	TypeTable       = "table"
	TypeJob         = "job"
	TypeEnd         = "end"
	TypeTrailer     = "trailer"
)

// Line is one line. Value is what the house table service answers of it.
type Line struct {
	Type string `json:"type"`
	// Warehouse that it is of; empty for what is of none.
	Warehouse string          `json:"warehouse,omitempty"`
	Value     json.RawMessage `json:"value"`
}

// Header is the value of the first line.
type Header struct {
	Format int `json:"format"`
	// ID of the export.
	ID         uuid.UUID `json:"id"`
	ExportedAt time.Time `json:"exportedAt"`
	// Program is what wrote it, for people.
	Program string `json:"program"`
}

// Warehouse is the value of a line of a warehouse: what is behind it was read after
// its change log stood at Position.
type Warehouse struct {
	Warehouse json.RawMessage `json:"warehouse"`
	Position  string          `json:"position"`
}

// End is the value of the last line of a warehouse: what is before it was read
// before its change log stood at Position.
type End struct {
	Position string `json:"position"`
}

// Trailer is the value of the last line.
type Trailer struct {
	// Lines counts those before the trailer, and Counts those of each type.
	Lines  int64            `json:"lines"`
	Counts map[string]int64 `json:"counts"`
	// Unchanged tells that no warehouse changed while it was read: its part of the
	// file is a state that it was in.
	Unchanged bool `json:"unchanged"`
	// SHA256 of all bytes before the trailer, in hexadecimal digits.
	SHA256 string `json:"sha256"`
}

// Operation is the id of what the import of a line does, in as many parts as that
// takes. It begins with the time of the export, as a UUIDv7, so that records of it
// are kept with others of that time.
func (h Header) Operation(l Line, part string) uuid.UUID {
	sum := uuid.NewSHA1(h.ID, []byte(l.Type+"\x00"+l.Warehouse+"\x00"+part+"\x00"+string(l.Value)))
	at := h.ExportedAt.UnixMilli()
	for i := range 6 {
		sum[i] = byte(at >> (8 * (5 - i)))
	}
	sum[6] = sum[6]&0x0f | 0x70
	return sum
}
