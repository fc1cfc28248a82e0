package rest

// reportMetrics takes a report, of whatever type: engines send them along the
// way, and a report never fails a query. Nothing keeps them yet.
func (h *Handler) reportMetrics(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	body, err := c.readObject()
	if err != nil {
		return answer{}, err
	}
	if kind := body.text("report-type"); body.err == nil {
		h.log.DebugContext(c.Context(), "metrics report", "table", id.String(), "type", clip(kind))
	}
	if body.err != nil {
		return answer{}, body.err
	}
	return none()
}
