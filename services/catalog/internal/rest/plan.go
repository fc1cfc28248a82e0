package rest

import (
	"io"
	"net/http"

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
		return h.scans.Fetch(c.Context(), w, table, c.variable("plan-id"))
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
	if err := h.scans.Cancel(c.Context(), table, c.variable("plan-id")); err != nil {
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
	by, err := h.referencesOf(c)
	if err != nil {
		return scan.Table{}, err
	}
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, catalog.LoadOptions{Needs: catalog.ReadFiles, ReferencedBy: by})
	return scan.Table{Warehouse: c.warehouse, MetadataLocation: loaded.MetadataLocation, Metadata: loaded.Metadata}, err
}
