package rpc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Page sizes.
const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// maxMarkBytes is more than any mark has.
const maxMarkBytes = 256

// token is what a page token holds: where to go on, and of which list. It is
// opaque to callers and not secret.
type token struct {
	List  string `json:"l"`
	After string `json:"a"`
}

// list names a list by all that selects its entries: a token of one list is of
// no use in another.
func list(parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func readPage(list string, size int32, pageToken string) (housetable.Page, error) {
	p := housetable.Page{Limit: defaultPageSize}
	switch {
	case size < 0:
		return p, fault.Field("page_size", "must not be negative")
	case size > 0:
		p.Limit = int(min(size, maxPageSize))
	}
	if pageToken == "" {
		return p, nil
	}
	var t token
	raw, err := base64.RawURLEncoding.DecodeString(pageToken)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil || t.After == "" {
		return p, fault.Field("page_token", "is not a token of this service")
	}
	if t.List != list {
		return p, fault.Field("page_token", "belongs to another list")
	}
	p.After = t.After
	return p, nil
}

func pageToken(list, after string) string {
	if after == "" {
		return ""
	}
	raw, err := json.Marshal(token{List: list, After: after})
	if err != nil { // two strings always marshal
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// sealMark binds a mark to a list, as page tokens are.
func sealMark(list, mark string) string {
	if mark == "" {
		return ""
	}
	return list + "." + mark
}

// openMark is the mark of a list, "" where what is given is none of it.
func openMark(list, sealed string) string {
	of, mark, _ := strings.Cut(sealed, ".")
	if of != list || len(sealed) > maxMarkBytes {
		return ""
	}
	return mark
}
