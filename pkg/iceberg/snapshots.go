package iceberg

import (
	"github.com/igloo-catalog/igloo/pkg/iceberg/internal/span"
)

// minute is how far the clocks of two writers may differ. Source: Java's
// TableMetadata, which tolerates it in both logs.
const minute = 60_000

// snapshotEntry is what is kept of a snapshot: enough to find it. Its place is
// counted from the beginning of the array, which a longer document does not move.
type snapshotEntry struct {
	id    int64
	place span.Span
}

// logEntry is an entry of the snapshot log or of the metadata log.
type logEntry struct {
	timestamp int64
	snapshot  int64
	place     span.Span
}

// logTail is what is kept of a log that may be long: how much there is, and the
// last entry, which every new one must follow.
type logTail struct {
	count int
	last  logEntry
}

// scanSnapshots passes the snapshots array, keeping an entry of each.
func scanSnapshots(s *span.Scanner, text []byte) ([]snapshotEntry, error) {
	var entries []snapshotEntry
	s.Peek()
	start := s.Pos()
	err := s.Array(func() error {
		s.Peek()
		entry, begin := snapshotEntry{}, s.Pos()
		found := false
		err := s.Object(func(key span.Span) error {
			value, err := s.Skip()
			if err != nil {
				return err
			}
			if string(key.Of(text)) == "snapshot-id" {
				entry.id, found = parseInt64(value.Of(text))
			}
			return nil
		})
		if err == nil && !found {
			err = invalid("snapshots", "snapshot-id: is missing or not a 64-bit integer: %s", shorten(text[begin:s.Pos()]))
		}
		entry.place = span.Span{Start: begin - start, End: s.Pos() - start}
		entries = append(entries, entry)
		return err
	})
	return entries, err
}

// scanLog passes a log, checking that its entries follow one another.
func scanLog(s *span.Scanner, text []byte, key string, each func(logEntry)) (logTail, error) {
	var tail logTail
	s.Peek()
	start := s.Pos()
	err := s.Array(func() error {
		s.Peek()
		entry, begin := logEntry{}, s.Pos()
		timed, named := false, key != "snapshot-log"
		err := s.Object(func(name span.Span) error {
			value, err := s.Skip()
			if err != nil {
				return err
			}
			switch string(name.Of(text)) {
			case "timestamp-ms":
				entry.timestamp, timed = parseInt64(value.Of(text))
			case "snapshot-id":
				if key == "snapshot-log" {
					entry.snapshot, named = parseInt64(value.Of(text))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !timed || !named {
			return invalid(key, "timestamp-ms or snapshot-id: is missing or not a 64-bit integer: %s", shorten(text[begin:s.Pos()]))
		}
		if tail.count > 0 && entry.timestamp-tail.last.timestamp < -minute {
			return invalid(key, "entries must be sorted by time: found %d after %d", entry.timestamp, tail.last.timestamp)
		}
		entry.place = span.Span{Start: begin - start, End: s.Pos() - start}
		tail = logTail{count: tail.count + 1, last: entry}
		if each != nil {
			each(entry)
		}
		return nil
	})
	return tail, err
}

// logEntries decodes a whole log, for the few commits that must change its past.
func logEntries(key string, array []byte) ([]logEntry, error) {
	var entries []logEntry
	_, err := scanLog(span.NewScanner(array), array, key, func(e logEntry) { entries = append(entries, e) })
	return entries, malformed(key, err)
}
