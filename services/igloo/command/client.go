package command

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
)

const (
	// maxAnswerBytes bounds what is read of an answer: a page is far smaller, and
	// the metadata of a table as a rule.
	maxAnswerBytes = 128 << 20
	// maxPages bounds a list, of 100 on a page as a rule.
	maxPages = 10_000
	// tries is how often one thing is asked for.
	tries = 3
	// rest is how long a server is left alone that did not say when to come back.
	rest = 500 * time.Millisecond
)

// client asks one server.
type client struct {
	// server is its URL, without a slash at the end; catalog that of the catalog
	// service, which is the same where one process is both.
	server, catalog string
	// proof is the token of who asks; "" of nobody.
	proof func(context.Context) (string, error)
	// timeout bounds how long one thing is asked for.
	timeout time.Duration
	web     *http.Client
}

// web speaks HTTP, over TLS as is said; without a word over TLS as the system has
// it. It takes redirects for answers like others: a token is for the server that
// was named.
func web(secured *tls.Config) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: secured, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call is one thing to ask for.
type call struct {
	method string
	// catalog asks the catalog service, in Iceberg's protocol.
	catalog bool
	// versioned asks the house table service outside of /hts, where OpenHouse has
	// later versions of its operations.
	versioned bool
	// path are names below /hts, or below /v1 of the catalog service.
	path  []string
	query url.Values
	// header is sent besides what every call has; may be nil.
	header map[string]string
	// request is the body; nil for none.
	request any
	// within is the field of the answer that holds a page of a list; empty where the
	// answer is the page.
	within string
}

// address is the URL to ask at.
func (of call) address(c *client) string {
	var address strings.Builder
	switch {
	case of.catalog:
		address.WriteString(c.catalog + "/v1")
	case of.versioned:
		address.WriteString(c.server + "/v1")
	default:
		address.WriteString(c.server + "/hts")
	}
	for _, name := range of.path {
		address.WriteString("/" + url.PathEscape(name))
	}
	if len(of.query) > 0 {
		address.WriteString("?" + of.query.Encode())
	}
	return address.String()
}

func (of call) body() ([]byte, error) {
	switch request := of.request.(type) {
	case nil:
		return nil, nil
	case proto.Message:
		return protojson.Marshal(request)
	}
	return json.Marshal(of.request)
}

func (c *client) request(ctx context.Context, of call) (*http.Request, error) {
	body, err := of.body()
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, of.method, of.address(c), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range of.header {
		request.Header.Set(name, value)
	}
	return request, nil
}

// list reads all pages of what answers hold as a field.
func (c *client) list(ctx context.Context, field string, of call) ([]json.RawMessage, error) {
	var all []json.RawMessage
	for item, err := range c.each(ctx, field, of) {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// each reads a list of any length, a page at a time: what answers hold as a field.
// It ends with the first error.
func (c *client) each(ctx context.Context, field string, of call) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		of.method, of.query = http.MethodGet, maps.Clone(of.query)
		if of.query == nil {
			of.query = url.Values{}
		}
		for range maxPages {
			some, next, err := c.page(ctx, field, of)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range some {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			of.query.Set("pageToken", next)
		}
		yield(nil, fmt.Errorf("the server has more than %d pages of %s", maxPages, field))
	}
}

// page reads one page, and how to ask for the next. The services name its token
// each in their own way.
func (c *client) page(ctx context.Context, field string, of call) (some []json.RawMessage, next string, err error) {
	answer, err := c.ask(ctx, of)
	if err != nil {
		return nil, "", err
	}
	fields, err := fieldsOf(answer)
	if err == nil && of.within != "" {
		fields, err = fieldsOf(fields[of.within])
	}
	if err != nil {
		return nil, "", err
	}
	token := "nextPageToken"
	if of.catalog {
		token = "next-page-token"
	}
	if err := json.Unmarshal(fields[field], &some); err != nil {
		return nil, "", fmt.Errorf("the answer has no page of %s: %w", field, err)
	}
	if len(fields[token]) > 0 {
		err = json.Unmarshal(fields[token], &next)
	}
	return some, next, err
}

// fieldsOf takes the object of an answer apart.
func fieldsOf(answer json.RawMessage) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(answer, &fields); err != nil {
		return nil, fmt.Errorf("the answer is no JSON object: %w", err)
	}
	return fields, nil
}

// ask has one thing answered. It asks again where an answer was lost, or the server
// says when to: under the same key, so that a change is made once.
func (c *client) ask(ctx context.Context, of call) (json.RawMessage, error) {
	key, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make an idempotency key: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for try := 1; ; try++ {
		answer, again, err := c.once(ctx, of, key.String())
		if err == nil || again == 0 || try == tries || pause.IfTime(ctx, again) != nil {
			return answer, err
		}
	}
}

// once sends one request. again is when to send it again, 0 for never.
func (c *client) once(ctx context.Context, of call, key string) (answer json.RawMessage, again time.Duration, err error) {
	request, err := c.request(ctx, of)
	if err != nil {
		return nil, 0, err
	}
	if of.method != http.MethodGet {
		request.Header.Set("Idempotency-Key", key)
	}
	token, err := c.proof(ctx)
	if err != nil {
		return nil, 0, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	status, header, answer, err := c.send(request)
	if err != nil {
		return nil, afterLoss(err), err
	}
	if status < http.StatusOK || status >= http.StatusMultipleChoices {
		return nil, afterRefusal(header), refusal(status, answer)
	}
	return answer, 0, nil
}

// send sends a request and reads the whole answer.
func (c *client) send(request *http.Request) (status int, header http.Header, answer []byte, err error) {
	response, err := c.web.Do(request) //nolint:gosec // whoever runs the command names the server
	if err != nil {
		return 0, nil, nil, fmt.Errorf("ask the server: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("read the answer of %s: %w", request.URL.Redacted(), err)
	}
	if len(answer) > maxAnswerBytes {
		return 0, nil, nil, fmt.Errorf("the answer of %s is larger than %d bytes", request.URL.Redacted(), maxAnswerBytes)
	}
	return response.StatusCode, response.Header, answer, nil
}

// afterLoss: whoever is not there now is not there in a moment.
func afterLoss(err error) time.Duration {
	if at, is := errors.AsType[*net.OpError](err); is && at.Op == "dial" {
		return 0
	}
	return rest
}

func afterRefusal(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return max(rest, time.Duration(seconds)*time.Second)
}

// refusal is an answer that is no success, in the server's words.
func refusal(status int, answer []byte) error {
	message, kind := said(answer)
	if message == "" {
		const enough = 200
		message = "the server answers as no Igloo does: " + strings.ToValidUTF8(string(answer[:min(len(answer), enough)]), "")
	}
	return &refused{status: status, kind: kind, message: printable(message)}
}

// refused is what the server did not do, in its words.
type refused struct {
	status int
	// kind is the exception by which Iceberg's protocol knows it; may be empty.
	kind    string
	message string
}

// Error implements error.
func (r *refused) Error() string {
	return fmt.Sprintf("%s (%d %s)", r.message, r.status, http.StatusText(r.status))
}

// refusedAs reports whether an error is a refusal with one of some statuses.
func refusedAs(err error, statuses ...int) bool {
	r, is := errors.AsType[*refused](err)
	return is && slices.Contains(statuses, r.status)
}

// refusedWith reports whether an error is a refusal of a kind.
func refusedWith(err error, kinds ...fault.Kind) bool {
	r, is := errors.AsType[*refused](err)
	return is && slices.ContainsFunc(kinds, func(k fault.Kind) bool { return k.Exception() == r.kind })
}

// said is the message of a refusal, as the house table service or as Iceberg's
// protocol has it, and its kind where that is told; empty where there is none.
func said(answer []byte) (message, kind string) {
	var said struct {
		Message string          `json:"message"`
		Error   json.RawMessage `json:"error"`
	}
	var error struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	}
	if json.Unmarshal(answer, &said) == nil && said.Message == "" {
		_ = json.Unmarshal(said.Error, &error) // without one there is no message
	}
	return cmp.Or(said.Message, error.Message), error.Type
}
