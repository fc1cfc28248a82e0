package iceberg

import (
	"slices"

	"github.com/igloo-catalog/igloo/pkg/span"
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
	names, values := []string{"snapshot-id"}, make([]span.Span, 1)
	s.Peek()
	start := s.Pos()
	err := s.Array(func() error {
		whole, err := s.Pick(names, values)
		if err != nil {
			return err
		}
		id, ok := parseInt64(values[0].Of(text))
		if !ok {
			return invalid("snapshots", "snapshot-id: is missing or not a 64-bit integer: %s", shorten(whole.Of(text)))
		}
		if len(entries) == cap(entries) {
			entries = slices.Grow(entries, expected(len(entries), s.Pos()-start, len(text)-s.Pos()))
		}
		entries = append(entries, snapshotEntry{id: id, place: whole.From(start)})
		return nil
	})
	return entries, err
}

// expected is how many elements more there are likely to be in what is left of a
// text, going by those before.
func expected(count, taken, left int) int { return 1 + count*left/taken }

// scanLog passes a log, checking that its entries follow one another.
func scanLog(s *span.Scanner, text []byte, key string, each func(logEntry)) (logTail, error) {
	var tail logTail
	names, values := []string{"timestamp-ms", "snapshot-id"}, make([]span.Span, 2)
	if key != "snapshot-log" {
		names = names[:1]
	}
	s.Peek()
	start := s.Pos()
	err := s.Array(func() error {
		whole, err := s.Pick(names, values)
		if err != nil {
			return err
		}
		entry, ok := logEntryOf(text, values[:len(names)])
		if !ok {
			return invalid(key, "timestamp-ms or snapshot-id: is missing or not a 64-bit integer: %s", shorten(whole.Of(text)))
		}
		if tail.count > 0 && entry.timestamp-tail.last.timestamp < -minute {
			return invalid(key, "entries must be sorted by time: found %d after %d", entry.timestamp, tail.last.timestamp)
		}
		entry.place = whole.From(start)
		tail = logTail{count: tail.count + 1, last: entry}
		if each != nil {
			each(entry)
		}
		return nil
	})
	return tail, err
}

// logEntryOf reads the timestamp and, in the log that has one, the snapshot's id.
func logEntryOf(text []byte, values []span.Span) (e logEntry, ok bool) {
	e.timestamp, ok = parseInt64(values[0].Of(text))
	if ok && len(values) > 1 {
		e.snapshot, ok = parseInt64(values[1].Of(text))
	}
	return e, ok
}

// logEntries decodes a whole log, for the few commits that must change its past.
func logEntries(key string, array []byte) ([]logEntry, error) {
	var entries []logEntry
	_, err := scanLog(span.NewScanner(array), array, key, func(e logEntry) { entries = append(entries, e) })
	return entries, malformed(key, err)
}
