package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/otlptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

const (
	// callersTrace is one that a client began, and callersSpan the one in it that it
	// sends its request in.
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// collecting has every program that starts from now on send its traces to a collector.
func collecting(t *testing.T, protocol string) *otlptest.Collector {
	t.Helper()
	c := otlptest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", map[string]string{"grpc": c.GRPC, "http/protobuf": c.HTTP}[protocol])
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	return c
}

// path is a way through a trace, each span a part of the one before.
type path []string

// in finds the way from any span that is a part of one of these.
func (p path) in(spans []otlptest.Span, from map[string]bool) bool {
	for _, name := range p {
		next := map[string]bool{}
		for _, span := range spans {
			if span.GetName() == name && from[span.Parent()] {
				next[span.ID()] = true
			}
		}
		from = next
	}
	return len(from) > 0
}

// TestACommitIsOneTrace follows a commit of a traced client from its request to the
// database, to storage, and to Redis.
func TestACommitIsOneTrace(t *testing.T) {
	const (
		route  = "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}"
		commit = "igloo.housetable.v1.CommitService/Commit"
		get    = "igloo.housetable.v1.TableService/GetTable"
	)
	shapes := map[string]struct {
		protocol string
		services []string
		paths    []path
	}{
		"embedded": {"http/protobuf", []string{"igloo"}, []path{{route, "updateTable", commit, commit, "BEGIN IMMEDIATE"}, {route, "updateTable", get, get, "SELECT"}}},
		"split": {"grpc", []string{"igloo-catalog", "igloo-housetable"}, []path{
			{route, "updateTable", commit, commit, "commit house tables", "WITH"}, {route, "updateTable", get, get, "SELECT"}, {route, "updateTable", "SET"},
		}},
	}
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			wanted := shapes[shape.Name]
			c := collecting(t, wanted.protocol)
			d := shape.Start(t, "--log-level", "debug")
			mustCreate(t, d, "/v1/namespaces", `{"namespace":["m"]}`)
			mustCreate(t, d, "/v1/namespaces/m/tables", `{"name":"t","schema":`+oneColumn+`}`)
			status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces/m/tables/t", setOne,
				"Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01", "Idempotency-Key", "019aa1b2-0000-7000-8000-00000000000a", "X-Request-Id", "traced-1")
			if status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			paths := slices.Concat(wanted.paths, []path{{route, "updateTable", "storage create"}})
			spans := c.Await(t, callersTrace, func(spans []otlptest.Span) bool {
				for _, p := range paths {
					if !p.in(spans, map[string]bool{callersSpan: true}) {
						return false
					}
				}
				return true
			})
			checkTrace(t, spans, wanted.services)
			if !strings.Contains(d.Written(), "request_id=traced-1 trace_id="+callersTrace) {
				t.Errorf("no line of log tells of the trace:\n%s", d.Written())
			}
		})
	}
}

// checkTrace looks for what the conventions want of spans, and of those who send them.
func checkTrace(t *testing.T, spans []otlptest.Span, services []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, span := range spans {
		seen[span.Service] = true
		for _, key := range []string{"service.version", "service.instance.id", "host.name"} {
			if span.Resource[key] == "" {
				t.Errorf("%s does not say its %s", span.Service, key)
			}
		}
		if span.GetEndTimeUnixNano() < span.GetStartTimeUnixNano() || span.GetStatus().GetCode() == 2 {
			t.Errorf("%s: %v", span.GetName(), span)
		}
		if strings.HasPrefix(span.GetName(), "POST ") && (span.Attribute("http.response.status_code") != "200" ||
			span.Attribute("http.route") != strings.TrimPrefix(span.GetName(), "POST ") || span.Attribute("igloo.request_id") != "traced-1") {
			t.Errorf("%s: %v", span.GetName(), span)
		}
		if strings.HasPrefix(span.GetName(), "igloo.housetable") && span.Attribute("rpc.response.status_code") != "OK" {
			t.Errorf("%s: %v", span.GetName(), span)
		}
		if (span.GetName() == "WITH" || span.GetName() == "SET" || span.GetName() == "BEGIN IMMEDIATE") && span.Attribute("db.system.name") == "" {
			t.Errorf("%s: %v", span.GetName(), span)
		}
	}
	for _, service := range services {
		if !seen[service] {
			t.Errorf("nothing of %s", service)
		}
	}
}

// TestCallersDecideAboutTheirTraces: who does not record says so,
// and is listened to, while our own are recorded as the setting has it.
func TestCallersDecideAboutTheirTraces(t *testing.T) {
	c := collecting(t, "http/protobuf")
	d := startShape(t, "embedded", "--trace-sample-ratio", "0")
	for trace, flag := range map[string]string{callersTrace: "01", strings.Repeat("ab", 16): "00"} {
		ask(t, http.MethodGet, d.URL+"/v1/config", "", "Traceparent", "00-"+trace+"-"+callersSpan+"-"+flag)
	}
	ask(t, http.MethodGet, d.URL+"/v1/config", "")
	c.Await(t, callersTrace, func(spans []otlptest.Span) bool { return len(spans) > 0 })
	if n := strings.Count(c.Text(t), `"traceId"`); n != len(c.Trace(callersTrace)) {
		t.Errorf("%d spans, of which %d are wanted", n, len(c.Trace(callersTrace)))
	}
}

// TestACollectorThatIsAwayHoldsNobodyUp: requests are answered, the log says what is
// lost, and the program ends in its time.
func TestACollectorThatIsAwayHoldsNobodyUp(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
	d := startShape(t, "embedded", "--trace-endpoint", "http://"+iglootest.Address(t))
	for range 50 {
		if status, body := ask(t, http.MethodGet, d.URL+"/v1/config", ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	until(t, "the log tells of it", func() bool { return strings.Contains(d.Output(), "traces cannot be sent") })
	d.Stop(t)
}
