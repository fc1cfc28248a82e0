package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// The representations of a table: with all of its snapshots, or those that a
// branch or tag points at.
const (
	allSnapshots = "all"
	refsOnly     = "refs"
)

// loadAnswer is a LoadTableResult or LoadViewResult, put together around the
// stored bytes. Staged metadata has no location.
func loadAnswer(loaded catalog.Loaded, tag string) (answer, error) {
	return assemble(loaded, tag, `,"config":{}}`)
}

// commitAnswer is a CommitTableResponse: no configuration, no credentials.
func commitAnswer(loaded catalog.Loaded, tag string) (answer, error) {
	return assemble(loaded, tag, `}`)
}

func assemble(loaded catalog.Loaded, tag, end string) (answer, error) {
	const begins, then = `{"metadata-location":`, `,"metadata":`
	if loaded.MetadataLocation == "" {
		return answer{status: http.StatusOK, etag: tag, body: [][]byte{[]byte(`{"metadata":`), loaded.Metadata, []byte(end)}}, nil
	}
	head := make([]byte, 0, len(begins)+len(loaded.MetadataLocation)+len(`""`)+len(then))
	head, err := appendText(append(head, begins...), loaded.MetadataLocation)
	return answer{status: http.StatusOK, etag: tag, body: [][]byte{append(head, then...), loaded.Metadata, []byte(end)}}, err
}

func notModified(tag string) (answer, error) {
	return answer{status: http.StatusNotModified, etag: tag}, nil
}

// afresh reports whether the client wants nothing that is remembered (RFC 9111,
// 5.2.1.4).
func (c *call) afresh() bool {
	for directive := range strings.SplitSeq(strings.Join(c.Header.Values("Cache-Control"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
			return true
		}
	}
	return false
}

// configRevision changes when the same metadata is answered differently than by
// an older version of this program.
const configRevision = "1"

// tagOf is the entity tag of one representation. A metadata file never changes,
// so its location stands for its content.
func tagOf(location, mode string) string {
	var space [256]byte // of most locations
	text := append(append(append(append(append(space[:0], configRevision...), 0), mode...), 0), location...)
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// tagMatches is If-None-Match as RFC 9110 has it: any of a list, compared weakly.
// A client that has the table in another coding has the table.
func tagMatches(conditions []string, tag string) bool {
	opaque := strings.TrimSuffix(tag, plain.ending())
	for candidate := range strings.SplitSeq(strings.Join(conditions, ","), ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		ending, same := strings.CutPrefix(candidate, opaque)
		if candidate == "*" || same && (ending == plain.ending() || ending == gzipped.ending() || ending == zstandard.ending()) {
			return true
		}
	}
	return false
}
