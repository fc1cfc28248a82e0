// Package rest owns the Iceberg REST protocol on the wire: paths, bodies,
// headers and errors, over the use cases of package catalog.
//
// It promises that one table routes requests and tells clients what is served;
// that paths are decided on as they were sent, before anything is unescaped;
// that every answer which is not a success is an error in Iceberg's envelope,
// made in one place; and that nothing is read or kept without a limit.
package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// Options are the choices of an operator.
type Options struct {
	// Separator joins namespace levels in paths, as clients are told to: URL-escaped.
	Separator string
	// BodyLimit bounds a request's body in bytes.
	BodyLimit int64
	// CodedBytes bounds the compressed answers that are kept in memory.
	CodedBytes int64
	// Scans plans scans; without it planning is not served.
	Scans *scan.Planner
	// Meter, when set, is told of every request.
	Meter metric.Meter
	// Delegation gives clients access to tables' files; without it they have to
	// have their own.
	Delegation catalog.Delegations
	// Signers sign requests to tables' files; without them none are signed.
	Signers catalog.Signers
	// SignerKey seals where tables are being made: the same for all replicas.
	SignerKey []byte
	// Tokens say how whoever asks gets tokens; without it clients are told nothing.
	Tokens func(context.Context) (authn.Grants, bool)
}

// DefaultSeparator is the one of the protocol.
const DefaultSeparator = "%1F"

// defaultBodyLimit is far above any sane commit.
const defaultBodyLimit = 32 << 20

// Handler serves the protocol. It is safe for concurrent use.
type Handler struct {
	catalog    *catalog.Catalog
	scans      *scan.Planner
	delegation catalog.Delegations
	signers    catalog.Signers
	tickets    tickets
	routes     []served
	endpoints  []string
	separator  separator
	bodyLimit  int64
	compressed *codedCache
	measures   *measures
	tokens     func(context.Context) (authn.Grants, bool)
	log        *slog.Logger
}

var _ http.Handler = (*Handler)(nil)

// New makes a handler of all paths under /v1.
func New(c *catalog.Catalog, options Options, log *slog.Logger) (*Handler, error) {
	if options.Separator == "" {
		options.Separator = DefaultSeparator
	}
	if options.BodyLimit <= 0 {
		options.BodyLimit = defaultBodyLimit
	}
	if options.CodedBytes <= 0 {
		options.CodedBytes = defaultCodedBytes
	}
	s, err := parseSeparator(options.Separator)
	if err != nil {
		return nil, err
	}
	meter := telemetry.OrNone(options.Meter)
	compressed, err := newCodedCache(options.CodedBytes, meter)
	if err != nil {
		return nil, err
	}
	h := &Handler{catalog: c, scans: options.Scans, delegation: options.Delegation, signers: options.Signers, tickets: tickets{key: options.SignerKey}, separator: s, bodyLimit: options.BodyLimit, compressed: compressed, tokens: options.Tokens, log: log}
	routes := h.table()
	h.routes, h.endpoints = serving(routes), endpoints(routes)
	if h.measures, err = newMeasures(meter, routes); err != nil {
		return nil, fmt.Errorf("measure requests: %w", err)
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, route, err := h.route(r)
	answered := h.measures.begin(w, route.operation)
	defer answered.end(r.Context())
	w = answered
	audit.From(r.Context()).Name(answered.operation)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, h.bodyLimit)
	}
	answer, err := route.traced(call)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.write(w, r, answer)
}

// separator is what joins namespace levels, escaped for clients and as it is.
type separator struct {
	escaped string
	plain   string
}

func parseSeparator(escaped string) (separator, error) {
	plain, err := url.QueryUnescape(escaped)
	if err != nil || utf8.RuneCountInString(plain) != 1 || plain == "/" || plain == "%" {
		return separator{}, errors.New("namespace separator must be one character, URL-escaped")
	}
	return separator{escaped: escaped, plain: plain}, nil
}

// protocolSeparator works whatever the configured one is.
const protocolSeparator = "\x1f"

// split takes a namespace apart, by the configured separator and the protocol's.
// Neither can be inside of a level: the one is refused at creation, the other is
// a control character. Java escapes the levels and Python what it has joined, so
// it is after unescaping that both look the same.
func (s separator) split(joined string) catalog.Namespace {
	return strings.Split(strings.ReplaceAll(joined, protocolSeparator, s.plain), s.plain)
}

// refuse keeps the separator out of new names: a client could not ask for them.
func (s separator) refuse(ns catalog.Namespace) error {
	for _, level := range ns {
		if strings.Contains(level, s.plain) {
			return fault.Field("namespace", "contains the namespace separator %q", s.plain)
		}
	}
	return nil
}
