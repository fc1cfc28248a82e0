// Package otlptest is an OpenTelemetry collector for tests: it takes traces by OTLP,
// over gRPC and over HTTP, and keeps them.
//
// It promises that what it was sent can be looked at as it came, whoever sent it.
package otlptest

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// patience is how long Await waits.
const patience = 30 * time.Second

// Collector is one that listens until the test ends.
type Collector struct {
	collectorv1.UnimplementedTraceServiceServer

	// GRPC and HTTP are where it listens: "http://127.0.0.1:4317".
	GRPC, HTTP string

	mu       sync.Mutex
	received []*tracev1.ResourceSpans
}

// New starts a collector.
func New(t testing.TB) *Collector {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Collector{GRPC: "http://" + listener.Addr().String()}
	server := grpc.NewServer()
	collectorv1.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }() // ends by Stop
	t.Cleanup(server.Stop)
	web := httptest.NewServer(http.HandlerFunc(c.post))
	t.Cleanup(web.Close)
	c.HTTP = web.URL
	return c
}

// Export implements the service.
func (c *Collector) Export(_ context.Context, r *collectorv1.ExportTraceServiceRequest) (*collectorv1.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received = append(c.received, r.GetResourceSpans()...)
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

func (c *Collector) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &collectorv1.ExportTraceServiceRequest{}
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, request) != nil {
		http.Error(w, "these are no traces", http.StatusBadRequest)
		return
	}
	answer, _ := c.Export(r.Context(), request) // never fails
	encoded, err := proto.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(encoded)
}

// Span is one that was received, with the service that sent it.
type Span struct {
	*tracev1.Span

	Service string
	// Resource are the attributes of who sent it.
	Resource map[string]string
}

// ID is the span's own, in hex; Parent that of the span it is a part of.
func (s Span) ID() string { return hex.EncodeToString(s.GetSpanId()) }

// Parent is the id of the span that this one is a part of, or "".
func (s Span) Parent() string { return hex.EncodeToString(s.GetParentSpanId()) }

// Attribute is the value of an attribute as text, or "": one of text or a whole number.
func (s Span) Attribute(key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() != key {
			continue
		}
		if _, isText := a.GetValue().GetValue().(*commonv1.AnyValue_StringValue); isText {
			return a.GetValue().GetStringValue()
		}
		return strconv.FormatInt(a.GetValue().GetIntValue(), 10)
	}
	return ""
}

// Trace are the spans of one trace, by its id in hex.
func (c *Collector) Trace(id string) []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []Span
	for _, r := range c.received {
		resource := map[string]string{}
		for _, a := range r.GetResource().GetAttributes() {
			resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range r.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				if hex.EncodeToString(span.GetTraceId()) == id {
					found = append(found, Span{Span: span, Service: resource["service.name"], Resource: resource})
				}
			}
		}
	}
	return found
}

// Await waits for a trace that is as it should be.
func (c *Collector) Await(t testing.TB, id string, whole func([]Span) bool) []Span {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); ; {
		found := c.Trace(id)
		if whole(found) {
			return found
		}
		select {
		case <-tick.C:
		case <-limit:
			for _, span := range found {
				t.Logf("%s: %s %s, part of %s", span.Service, span.ID(), span.GetName(), span.Parent())
			}
			t.Fatalf("trace %s is not whole", id)
		}
	}
}

// Text is all that was received, as JSON.
func (c *Collector) Text(t testing.TB) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := protojson.Marshal(&tracev1.TracesData{ResourceSpans: c.received})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
