package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// keyHeader is the header of idempotency keys.
const keyHeader = "Idempotency-Key"

// request is what the use cases know of a mutation; body is nil where there is none.
func (c *call) request(body []byte) (catalog.Request, error) {
	request := catalog.Request{
		Warehouse: c.warehouse, Kind: c.operation, Key: c.Header.Get(keyHeader),
		Principal: c.principal(), ID: telemetry.RequestID(c.Context()),
	}
	if len(c.Header.Values(keyHeader)) > 1 || (request.Key == "" && len(c.Header.Values(keyHeader)) == 1) {
		return catalog.Request{}, fault.Field(keyHeader, "must be one UUID of 36 characters")
	}
	if request.Key == "" {
		return request, nil
	}
	if err := request.Validate(); err != nil {
		return catalog.Request{}, err
	}
	fingerprint, err := c.fingerprint(request.Principal, body)
	request.Fingerprint = fingerprint
	return request, err
}

// principal is who asks, by name. What they may do is the use cases' to say.
func (c *call) principal() string { return authn.From(c.Context()).Principal() }

// fingerprint tells requests apart that came under one key: who, what, where,
// and the body in a spelling that sending it again does not change.
func (c *call) fingerprint(principal string, body []byte) ([]byte, error) {
	canonical := body
	if len(body) > 0 {
		var v any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber() // ids are of 63 bits
		if err := decoder.Decode(&v); err != nil {
			return nil, fault.Field("body", "malformed JSON")
		}
		var err error
		if canonical, err = json.Marshal(v); err != nil {
			return nil, fmt.Errorf("canonical body: %w", err)
		}
	}
	hash := sha256.New()
	for _, part := range []string{principal, c.warehouse, c.Method, c.path(), c.URL.Query().Encode()} {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	hash.Write(canonical)
	return hash.Sum(nil), nil
}

// mutation reads a mutation whose body is an object.
func (c *call) mutation() (catalog.Request, *object, error) {
	body, err := c.readBody()
	if err != nil {
		return catalog.Request{}, nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return catalog.Request{}, nil, fault.Field("body", "is empty; a JSON object is needed")
	}
	o := &object{}
	if o.parse("", body); o.err != nil {
		return catalog.Request{}, nil, o.err
	}
	request, err := c.request(body)
	return request, o, err
}

func (h *Handler) namespaceOf(c *call) catalog.Namespace {
	return h.separator.split(c.variable("namespace"))
}

// identifierOf is the table or view that the path names.
func (h *Handler) identifierOf(c *call, named string) (catalog.TableIdentifier, error) {
	id := catalog.TableIdentifier{Namespace: h.namespaceOf(c), Name: c.variable(named)}
	return id, id.Validate()
}

// parameter is a query parameter; it may be given once.
func (c *call) parameter(name string) (value string, given bool, err error) {
	query, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return "", false, fault.Field("query", "is not well escaped")
	}
	values := query[name]
	switch len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", false, fault.Field(name, "is given %d times", len(values))
	}
}

// boolParameter reads True and true alike: Python sends the one, Java the other.
func (c *call) boolParameter(name string) (bool, error) {
	text, given, err := c.parameter(name)
	if err != nil || !given || text == "" {
		return false, err
	}
	b, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, fault.Field(name, "must be true or false")
	}
	return b, nil
}

// parentOf is the namespace that a list is asked below. Python escapes it twice.
func (h *Handler) parentOf(c *call) (catalog.Namespace, error) {
	text, _, err := c.parameter("parent")
	if err != nil || text == "" {
		return nil, err
	}
	if strings.HasPrefix(c.UserAgent(), "PyIceberg/") {
		if once, err := url.PathUnescape(text); err == nil {
			text = once
		}
	}
	parent := h.separator.split(text)
	return parent, parent.Validate()
}

// maxPage is what a page is cut to, silently: fewer than asked for is allowed.
const maxPage = 1000

// pageOf reads the paging parameters. Without a token the list is whole, for
// clients that would take a first page for it. list names what is listed.
func (c *call) pageOf(list string) (catalog.Page, error) {
	page := catalog.Page{Size: maxPage}
	size, given, err := c.parameter("pageSize")
	if err != nil {
		return page, err
	}
	if given {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 {
			return page, fault.Field("pageSize", "must be an integer of at least 1")
		}
		page.Size = min(n, maxPage)
	}
	token, given, err := c.parameter("pageToken")
	if err != nil || !given {
		return page, err
	}
	page.Paged = true
	page.Token, err = openToken(list, token)
	return page, err
}

// tokenMark binds a page token to the list that it continues.
func tokenMark(list string) []byte {
	sum := sha256.Sum256([]byte("page:" + list))
	return sum[:8]
}

func sealToken(list, token string) *string {
	if token == "" {
		return nil
	}
	sealed := base64.RawURLEncoding.EncodeToString(append(tokenMark(list), token...))
	return &sealed
}

func openToken(list, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	mark := tokenMark(list)
	if err != nil || len(data) <= len(mark) || !bytes.Equal(data[:len(mark)], mark) {
		return "", fault.Field("pageToken", "is not one that this list gave")
	}
	return string(data[len(mark):]), nil
}

// list is what page tokens are bound to: one list of one warehouse.
func (c *call) list(of ...string) string {
	return strings.Join(append([]string{c.operation, c.warehouse}, of...), "\x00")
}
