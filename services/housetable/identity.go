package housetable

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// DefaultWarehouse exists from the first migration on; requests that name no
// warehouse mean it.
const DefaultWarehouse = "default"

// UUID identifies a house table through renames and restores, or an operation.
type UUID [16]byte

// String is the usual form: 8-4-4-4-12 hexadecimal digits.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Fold is how a case-insensitive warehouse spells an id for comparison. It is
// done here and kept in key columns, because collations differ between stores
// and between versions of one store.
func Fold(id string) string { return strings.ToLower(id) }

// ParentID is the namespace that holds the namespace of this id, or "" when the
// warehouse itself does. Dots inside a level are escaped in ids, so the last
// dot separates levels.
func ParentID(databaseID string) string {
	dot := strings.LastIndexByte(databaseID, '.')
	if dot < 0 {
		return ""
	}
	return databaseID[:dot]
}

// tableUUID derives the uuid of a house table from the operation that creates
// it, so that a commit which is sent again creates the same table again.
func tableUUID(warehouse string, operation UUID, index int) UUID {
	h := sha256.New()
	h.Write([]byte(warehouse))
	h.Write([]byte{0})
	h.Write(operation[:])
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(index)))
	return ownUUID(h.Sum(nil))
}

// ownUUID is of version 8: made by a rule of our own.
func ownUUID(sum []byte) UUID {
	var u UUID
	copy(u[:], sum)
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}
