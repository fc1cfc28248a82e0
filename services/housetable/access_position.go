package housetable

import (
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// AccessPosition is how far a follower of grants has come.
type AccessPosition struct {
	// Epoch names the history that the versions are of.
	Epoch string
	// Version of the last entry that was read.
	Version int64
	// Forgotten is how far tombstones were forgotten when the follower began, who
	// so has not read what they stood for.
	Forgotten int64
}

// String is the position as callers keep it.
func (p AccessPosition) String() string {
	return p.Epoch + "." + strconv.FormatInt(p.Version, 10) + "." + strconv.FormatInt(p.Forgotten, 10)
}

// ParseAccessPosition reads what String wrote. What is not of this service is a
// position of no history.
func ParseAccessPosition(text string) AccessPosition {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return AccessPosition{}
	}
	version, wrong := strconv.ParseInt(parts[1], 10, 64)
	forgotten, wrongToo := strconv.ParseInt(parts[2], 10, 64)
	p := AccessPosition{Epoch: parts[0], Version: version, Forgotten: forgotten}
	if wrong != nil || wrongToo != nil || p.String() != text {
		return AccessPosition{}
	}
	return p
}

// AccessHead is how far the grants of a warehouse have come.
type AccessHead struct {
	// Epoch names the history: it ends with the warehouse, and with what a failover
	// or a restored backup may have lost.
	Epoch string
	// Version is that of the newest change, Forgotten that of the newest tombstone
	// which is not there any more.
	Version, Forgotten int64
	CaseInsensitive    bool
}

// Continues reports whether a reader can go on from a position.
func (h AccessHead) Continues(p AccessPosition) bool {
	return p.Epoch == h.Epoch && p.Version <= h.Version && max(p.Version, p.Forgotten) >= h.Forgotten
}

// AccessEntry is an entry with its version.
type AccessEntry struct {
	authz.Entry
	Version int64
}

// Changes is the answer to a follower at a position, of entries that were read
// one further than limit.
func (h AccessHead) Changes(at AccessPosition, found []AccessEntry, limit int) authz.Changes {
	c := authz.Changes{More: len(found) > limit, CaseInsensitive: h.CaseInsensitive}
	found = found[:min(len(found), limit)]
	for _, e := range found {
		c.Entries = append(c.Entries, e.Entry)
		at.Version = e.Version
	}
	c.Position = at.String()
	return c
}
