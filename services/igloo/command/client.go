package command

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/pause"
)

const (
	// maxAnswerBytes bounds what is read of an answer: a page is far smaller.
	maxAnswerBytes = 16 << 20
	// maxPages bounds a list, of 100 on a page as a rule.
	maxPages = 10_000
	// tries is how often one thing is asked for.
	tries = 3
	// rest is how long a server is left alone that did not say when to come back.
	rest = 500 * time.Millisecond
)

// client asks one server.
type client struct {
	// server is its URL, without a slash at the end.
	server string
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
	// path are names below /hts.
	path  []string
	query url.Values
	// request is the body; nil for none.
	request proto.Message
}

func (c *client) request(ctx context.Context, of call) (*http.Request, error) {
	var address strings.Builder
	address.WriteString(c.server + "/hts")
	for _, name := range of.path {
		address.WriteString("/" + url.PathEscape(name))
	}
	if len(of.query) > 0 {
		address.WriteString("?" + of.query.Encode())
	}
	var body []byte
	if of.request != nil {
		var err error
		if body, err = protojson.Marshal(of.request); err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, of.method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// list reads all pages of what answers hold as a field.
func (c *client) list(ctx context.Context, field string, query url.Values, path ...string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	of := call{method: http.MethodGet, path: path, query: url.Values{}}
	maps.Copy(of.query, query)
	for range maxPages {
		answer, err := c.ask(ctx, of)
		if err != nil {
			return nil, err
		}
		fields, err := fieldsOf(answer)
		if err != nil {
			return nil, err
		}
		var some []json.RawMessage
		var next string
		if err := errors.Join(json.Unmarshal(fields[field], &some), json.Unmarshal(fields["nextPageToken"], &next)); err != nil {
			return nil, fmt.Errorf("the answer has no page of %s: %w", field, err)
		}
		if all = append(all, some...); next == "" {
			return all, nil
		}
		of.query.Set("pageToken", next)
	}
	return nil, fmt.Errorf("the server has more than %d pages of %s", maxPages, field)
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
	response, err := c.web.Do(request)
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
	var said struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Message == "" {
		const enough = 200
		said.Message = "the server answers as no house table service does: " + strings.ToValidUTF8(string(answer[:min(len(answer), enough)]), "")
	}
	return fmt.Errorf("%s (%d %s)", printable(said.Message), status, http.StatusText(status))
}
