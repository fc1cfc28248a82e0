package housetable

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Report is what an engine told of a scan or a commit, as it was sent.
type Report struct {
	// ID is a UUID of version 7, given by who took the report.
	ID UUID
	// Key under which the house table was known then.
	Key       TableKey
	Type      string
	Body      string
	Principal string
	RequestID string
}

// At is when the report was taken, to the millisecond.
func (r Report) At() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(r.ID[:8]) >> 16)).UTC()
}

// ReportIDAt is below the ids of all reports that were taken at a time or later,
// and above those of all that were taken a millisecond earlier.
func ReportIDAt(at time.Time) (id UUID) {
	const times = 1<<48 - 1
	binary.BigEndian.PutUint64(id[:8], uint64(min(max(at.UnixMilli(), 0), times))<<16)
	return id
}

// ReportQuery asks for a page of the reports of one house table, newest first:
// those whose id is below Before, unless that is zero, and not below Since. A
// page ends before the report that would make its bodies longer than Bytes, but
// for the first.
type ReportQuery struct {
	Warehouse string
	UUID      UUID
	Before    UUID
	Since     UUID
	Limit     int
	Bytes     int
}

// Last is what the ids of the page are below.
func (q ReportQuery) Last() UUID {
	if q.Before != (UUID{}) {
		return q.Before
	}
	return UUID(bytes.Repeat([]byte{0xff}, len(UUID{})))
}

// Cut makes a page of what a store found: reports of which it read one more than
// the limit. It returns the id that the next page is before, zero at the end.
func (q ReportQuery) Cut(found []Report) ([]Report, UUID) {
	size := 0
	for i, r := range found {
		size += len(r.Body)
		if i == q.Limit || i > 0 && size > q.Bytes {
			return found[:i], found[i-1].ID
		}
	}
	return found, UUID{}
}
