package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	head := []byte(`{"metadata":`)
	if loaded.MetadataLocation != "" {
		location, err := json.Marshal(loaded.MetadataLocation)
		if err != nil {
			return answer{}, err
		}
		head = append(append([]byte(`{"metadata-location":`), location...), `,"metadata":`...)
	}
	return answer{status: http.StatusOK, etag: tag, body: [][]byte{head, loaded.Metadata, []byte(end)}}, nil
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
	sum := sha256.Sum256([]byte(strings.Join([]string{configRevision, mode, location}, "\x00")))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// tagMatches is If-None-Match as RFC 9110 has it: any of a list, compared weakly.
// A client that has the table in another coding has the table.
func tagMatches(conditions []string, tag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(conditions, ","), ",") {
		switch strings.TrimPrefix(strings.TrimSpace(candidate), "W/") {
		case "*", tag, gzipped.tagged(tag), zstandard.tagged(tag):
			return true
		}
	}
	return false
}
