package rest

import (
	"bytes"
	"io"
	"net/http"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// planTableScan, like the others here, changes nothing: an idempotency key needs
// no memory, as sending the request again does no harm.
func (h *Handler) planTableScan(c *call) (answer, error) {
	body, err := c.keyedObject()
	if err != nil {
		return answer{}, err
	}
	request := scanRequest(body)
	if body.err != nil {
		return answer{}, body.err
	}
	table, err := h.planned(c)
	return answer{status: http.StatusOK, stream: func(w io.Writer) error {
		return h.scans.Plan(c.Context(), w, table, request)
	}}, err
}

// keyedObject reads a body that may come under a key.
func (c *call) keyedObject() (*object, error) {
	if _, err := c.request(nil); err != nil {
		return nil, err
	}
	return c.readObject()
}

// scanRequest reads a PlanTableScanRequest.
func scanRequest(body *object) scan.Request {
	sensitive := true
	body.optional("case-sensitive", "a boolean", &sensitive)
	return scan.Request{
		SnapshotID:        body.optionalLong("snapshot-id"),
		StartSnapshotID:   body.optionalLong("start-snapshot-id"),
		EndSnapshotID:     body.optionalLong("end-snapshot-id"),
		MinRowsRequested:  body.optionalLong("min-rows-requested"),
		Select:            body.texts("select", body.optionalList("select")),
		StatsFields:       body.texts("stats-fields", body.optionalList("stats-fields")),
		Filter:            body.raw("filter"),
		CaseInsensitive:   !sensitive,
		UseSnapshotSchema: body.flag("use-snapshot-schema"),
	}
}

func (o *object) optionalLong(name string) *int64 {
	var n int64
	if !o.optional(name, "an integer of 64 bits", &n) {
		return nil
	}
	return &n
}

func (h *Handler) fetchPlanningResult(c *call) (answer, error) {
	table, err := h.planned(c)
	return answer{status: http.StatusOK, stream: func(w io.Writer) error {
		return h.scans.Fetch(c.Context(), w, table, c.variables["plan-id"])
	}}, err
}

func (h *Handler) cancelPlanning(c *call) (answer, error) {
	if _, err := c.request(nil); err != nil {
		return answer{}, err
	}
	table, err := h.planned(c)
	if err != nil {
		return answer{}, err
	}
	if err := h.scans.Cancel(c.Context(), table, c.variables["plan-id"]); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) fetchScanTasks(c *call) (answer, error) {
	body, err := c.keyedObject()
	if err != nil {
		return answer{}, err
	}
	task := body.text("plan-task")
	if body.err != nil {
		return answer{}, body.err
	}
	table, err := h.planned(c)
	return answer{status: http.StatusOK, stream: func(w io.Writer) error {
		return h.scans.Tasks(c.Context(), w, table, task)
	}}, err
}

// planned is the table that the path names, as planning takes it.
func (h *Handler) planned(c *call) (scan.Table, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return scan.Table{}, err
	}
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, catalog.LoadOptions{})
	return scan.Table{Warehouse: c.warehouse, MetadataLocation: loaded.MetadataLocation, Metadata: loaded.Metadata}, err
}

// held is how much of a streamed answer is kept back before its status is sent:
// until then an error is still answered as one.
const held = 256 << 10

// late writes a success that may still turn out to be none.
type late struct {
	w      http.ResponseWriter
	status int
	buffer bytes.Buffer
	sent   bool
}

// Write implements io.Writer.
func (l *late) Write(p []byte) (int, error) {
	if l.sent {
		return l.w.Write(p)
	}
	l.buffer.Write(p)
	if l.buffer.Len() < held {
		return len(p), nil
	}
	return len(p), l.send()
}

func (l *late) send() error {
	l.sent = true
	l.w.Header().Set("Content-Type", "application/json")
	l.w.WriteHeader(l.status)
	_, err := l.w.Write(l.buffer.Bytes())
	l.buffer = bytes.Buffer{}
	return err
}

// stream writes an answer as it comes to be. Of a failure after its beginning
// the client is told by the connection's end.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, a answer) {
	l := &late{w: w, status: a.status}
	err := a.stream(l)
	if err == nil && !l.sent {
		err = l.send()
	}
	switch {
	case err == nil:
	case l.sent:
		h.note(r, fault.KindOf(err), err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's one way to end a connection without an end
	default:
		h.fail(w, r, err)
	}
}
