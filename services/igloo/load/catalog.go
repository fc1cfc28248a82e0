package load

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

// callTimeout bounds each request where the target says nothing else.
const callTimeout = time.Minute

const (
	configPath       = "/config"
	transactionsPath = "/transactions/commit"
)

// Target is the catalog to put under load.
type Target struct {
	// URL of the catalog, without /v1.
	URL string
	// Warehouse to ask for; empty means the default one.
	Warehouse string
	// Token, where one is needed.
	Token string
	// Replicas are URLs of further servers of the same catalog. What is asked of one
	// table or view, of those of one namespace, or in transactions of the same tables goes
	// to one of them, as deploy/haproxy has it, and the rest to all in turn.
	Replicas []string
	// TLS is how servers are told from others; nil is as the system has it.
	TLS *tls.Config
	// Timeout bounds each request; 0 is a minute.
	Timeout time.Duration
}

// Catalog is an open Target.
type Catalog struct {
	target  Target
	servers []string // URLs with /v1
	prefix  string   // with a slash before it; "" is none
	sent    atomic.Uint64
	http    *http.Client
}

// Open asks the target for its configuration, as every engine does. It keeps up to
// that many connections.
func Open(ctx context.Context, target Target, connections int) (*Catalog, error) {
	c := &Catalog{target: target, http: client(connections, target)}
	for _, server := range append([]string{target.URL}, target.Replicas...) {
		c.servers = append(c.servers, strings.TrimSuffix(server, "/")+"/v1")
	}
	var config struct{ Defaults, Overrides map[string]string }
	path := configPath
	if target.Warehouse != "" {
		path += "?warehouse=" + url.QueryEscape(target.Warehouse)
	}
	if _, err := c.call(ctx, call{method: http.MethodGet, path: path, into: &config}); err != nil {
		return nil, fmt.Errorf("open %s: %w", target.URL, err)
	}
	for _, source := range []map[string]string{config.Defaults, config.Overrides} {
		if prefix := source["prefix"]; prefix != "" {
			c.prefix = "/" + prefix
		}
	}
	return c, nil
}

var (
	// inNamespace is what paths begin with that lead to one table or view, or below it, or
	// else to those of one namespace.
	inNamespace = regexp.MustCompile(`^/namespaces/[^/]+/(tables|views)(/[^/?]+)?`)
	// firstNamed is the first table that a transaction names.
	firstNamed = regexp.MustCompile(`"name":"[^"]*"`)
)

// subject is what a request is about, if it is about one table, namespace or transaction.
func (what call) subject() string {
	if what.path == transactionsPath {
		return firstNamed.FindString(what.body)
	}
	return inNamespace.FindString(what.path)
}

// turn is whose a request is: that of its subject, or the next one's.
func (c *Catalog) turn(what call) uint64 {
	if len(c.servers) > 1 {
		if subject := what.subject(); subject != "" {
			return uint64(crc32.ChecksumIEEE([]byte(subject)))
		}
	}
	return c.sent.Add(1) - 1
}

// address is where to send a request to.
func (c *Catalog) address(what call) string {
	server := c.servers[c.turn(what)%uint64(len(c.servers))]
	if strings.HasPrefix(what.path, configPath) { // which knows no prefix
		return server + what.path
	}
	return server + c.prefix + what.path
}

// client keeps up to so many connections.
func client(connections int, of Target) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // that is what it is
	transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost, transport.MaxIdleConns = connections, connections, 0
	transport.DisableCompression, transport.TLSClientConfig = true, of.TLS // who wants gzip says so
	return &http.Client{Transport: transport, Timeout: cmp.Or(of.Timeout, callTimeout)}
}

// Close lets the connections go.
func (c *Catalog) Close() { c.http.CloseIdleConnections() }

// call is one request.
type call struct {
	method, path string
	body         string
	header       http.Header
	// into is what the answer is decoded into; without it the answer is read and forgotten.
	into any
	// want is the status of success; 0 means 200.
	want int
}

// answer is what a call got.
type answer struct {
	status int
	bytes  int64
	etag   string
}

// StatusError is an answer of another status than the expected one.
type StatusError struct {
	Status int
	Call   string
	Text   string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: %d %s", e.Call, e.Status, strings.TrimSpace(e.Text))
}

// call sends a request and reads its whole answer.
func (c *Catalog) call(ctx context.Context, what call) (answer, error) {
	request, err := c.request(ctx, what)
	if err != nil {
		return answer{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", what.method, what.path, err)
	}
	defer response.Body.Close()
	if what.want == 0 {
		what.want = http.StatusOK
	}
	if response.StatusCode != what.want {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return answer{}, &StatusError{Status: response.StatusCode, Call: what.method + " " + what.path, Text: string(text)}
	}
	return what.read(response)
}

func (c *Catalog) request(ctx context.Context, what call) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, what.method, c.address(what), strings.NewReader(what.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if what.header != nil {
		request.Header = what.header.Clone()
	}
	if what.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.target.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.target.Token)
	}
	return request, nil
}

func (what call) read(response *http.Response) (answer, error) {
	got := answer{status: response.StatusCode, etag: response.Header.Get("ETag")}
	var err error
	if what.into == nil {
		got.bytes, err = io.Copy(io.Discard, response.Body)
		return got, err
	}
	var body bytes.Buffer
	if got.bytes, err = body.ReadFrom(response.Body); err != nil {
		return got, fmt.Errorf("%s %s: %w", what.method, what.path, err)
	}
	if err := json.Unmarshal(body.Bytes(), what.into); err != nil {
		return got, fmt.Errorf("%s %s: answer: %w", what.method, what.path, err)
	}
	return got, nil
}
