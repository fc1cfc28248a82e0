package rest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Limits of reports, in bytes. A scan of a table of thousands of columns reports
// the names of them all.
const (
	maxReport     = 256 << 10
	maxReportType = 255
)

// reportMetrics takes a report of whatever type, with whatever in it: engines send
// them along the way, and a report never fails a query. What has no report-type,
// or is no object, is no report.
func (h *Handler) reportMetrics(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	c.bodyLimit = min(c.bodyLimit, maxReport)
	data, body, err := c.readReport()
	if err != nil {
		return answer{}, err
	}
	kind := body.text("report-type")
	if body.err != nil {
		return answer{}, body.err
	}
	report := catalog.Report{
		Warehouse: c.warehouse, Table: id, Type: plainType(kind), Operation: body.lenientText("operation"),
		Metrics: metricsOf(body.raw("metrics")), Body: data, Principal: c.principal(), RequestID: telemetry.RequestID(c.Context()),
	}
	if err := h.catalog.ReportMetrics(c.Context(), report); err != nil {
		return answer{}, err
	}
	return none()
}

// readReport is readObject, with the bytes that were read.
func (c *call) readReport() ([]byte, *object, error) {
	data, err := c.readBody()
	if err != nil {
		return nil, nil, err
	}
	o := &object{}
	o.parse("", data)
	return data, o, o.err
}

// plainType is a type that can be kept and shown, which all known ones are.
func plainType(kind string) string {
	if len(kind) > maxReportType || strings.ContainsFunc(kind, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "other"
	}
	return kind
}

// lenientText is a member that is a string; empty when it is anything else.
func (o *object) lenientText(name string) string {
	var s string
	if json.Unmarshal(o.raw(name), &s) != nil {
		return ""
	}
	return s
}

// metricResult is a CounterResult or a TimerResult.
type metricResult struct {
	Value         *json.Number `json:"value"`
	TimeUnit      string       `json:"time-unit"`
	TotalDuration *json.Number `json:"total-duration"`
}

// metricsOf reads what it can.
func metricsOf(raw json.RawMessage) map[string]catalog.Metric {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	metrics := map[string]catalog.Metric{}
	for name, member := range members {
		var r metricResult
		if json.Unmarshal(member, &r) != nil {
			continue
		}
		if m, ok := r.metric(); ok {
			metrics[name] = m
		}
	}
	return metrics
}

func (r metricResult) metric() (catalog.Metric, bool) {
	if r.Value != nil {
		value, ok := amount(*r.Value)
		return catalog.Metric{Value: value}, ok
	}
	if r.TotalDuration == nil {
		return catalog.Metric{}, false
	}
	unit, known := timeUnits()[strings.ToLower(r.TimeUnit)]
	total, ok := amount(*r.TotalDuration)
	nanos := total * float64(unit)
	return catalog.Metric{Timer: true, Duration: time.Duration(nanos)}, known && ok && nanos < math.MaxInt64
}

// amount is a number of things: of 63 bits, as the protocol has it, and not less
// than none.
func amount(n json.Number) (float64, bool) {
	value, err := strconv.ParseFloat(n.String(), 64)
	return value, err == nil && value >= 0 && value < math.MaxInt64
}

// timeUnits are those of java.util.concurrent.TimeUnit, which reports use.
func timeUnits() map[string]time.Duration {
	return map[string]time.Duration{
		"nanoseconds": time.Nanosecond, "microseconds": time.Microsecond, "milliseconds": time.Millisecond,
		"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour,
	}
}
