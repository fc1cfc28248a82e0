package housetable

import (
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// accessPosition is how far a follower of grants has come.
type accessPosition struct {
	// Epoch names the history that the versions are of.
	Epoch string
	// Version of the last entry that was read.
	Version int64
	// Forgotten is how far tombstones were forgotten when the follower began, who
	// so has not read what they stood for.
	Forgotten int64
}

// String is the position as callers keep it.
func (p accessPosition) String() string {
	return p.Epoch + "." + strconv.FormatInt(p.Version, 10) + "." + strconv.FormatInt(p.Forgotten, 10)
}

// parseAccessPosition reads what String wrote. What is not of this service is a
// position of no history.
func parseAccessPosition(text string) accessPosition {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return accessPosition{}
	}
	version, wrong := strconv.ParseInt(parts[1], 10, 64)
	forgotten, wrongToo := strconv.ParseInt(parts[2], 10, 64)
	p := accessPosition{Epoch: parts[0], Version: version, Forgotten: forgotten}
	if wrong != nil || wrongToo != nil || p.String() != text {
		return accessPosition{}
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

// Follow answers a follower at a position: what comes after it, or all from the
// start where it cannot go on from there. read finds what comes after a version,
// one entry further than limit, and the head, which is read behind the entries.
func Follow(position string, limit int, read func(after int64) ([]AccessEntry, AccessHead, error)) (authz.Changes, error) {
	at := parseAccessPosition(position)
	found, head, err := read(at.Version)
	if err != nil {
		return authz.Changes{}, err
	}
	if head.continues(at) {
		return head.changes(at, found, limit), nil
	}
	if at.Version > 0 {
		if found, head, err = read(0); err != nil {
			return authz.Changes{}, err
		}
	}
	c := head.changes(accessPosition{Epoch: head.Epoch, Forgotten: head.Forgotten}, found, limit)
	c.Restart = true
	return c, nil
}

// continues reports whether a reader can go on from a position.
func (h AccessHead) continues(p accessPosition) bool {
	return p.Epoch == h.Epoch && p.Version <= h.Version && max(p.Version, p.Forgotten) >= h.Forgotten
}

// AccessEntry is an entry with its version.
type AccessEntry struct {
	authz.Entry
	Version int64
}

// changes is the answer to a follower at a position, of entries that were read
// one further than limit.
func (h AccessHead) changes(at accessPosition, found []AccessEntry, limit int) authz.Changes {
	c := authz.Changes{More: len(found) > limit, CaseInsensitive: h.CaseInsensitive}
	found = found[:min(len(found), limit)]
	for _, e := range found {
		c.Entries = append(c.Entries, e.Entry)
		at.Version = e.Version
	}
	c.Position = at.String()
	return c
}
