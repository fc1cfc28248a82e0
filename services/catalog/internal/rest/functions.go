package rest

import "github.com/igloo-catalog/igloo/services/catalog"

// functionsResponse names functions by levels, not by namespace and name.
type functionsResponse struct {
	Identifiers   [][]string `json:"identifiers"`
	NextPageToken *string    `json:"next-page-token"`
}

func (h *Handler) listFunctions(c *call) (answer, error) {
	ns := h.namespaceOf(c)
	pages, next, err := h.namesOf(c, ns, catalog.FunctionKind)
	if err != nil {
		return answer{}, err
	}
	response := functionsResponse{Identifiers: [][]string{}, NextPageToken: next}
	for _, page := range pages {
		for _, name := range page.All {
			response.Identifiers = append(response.Identifiers, append(append(make([]string, 0, len(ns)+1), ns...), name))
		}
	}
	return value(response)
}

func (h *Handler) loadFunction(c *call) (answer, error) {
	id, err := h.identifierOf(c, "function")
	if err != nil {
		return answer{}, err
	}
	loaded, err := h.catalog.LoadFunction(c.Context(), c.warehouse, id)
	if err != nil {
		return answer{}, err
	}
	return commitAnswer(loaded, "")
}

// registerFunction is Igloo's own: the protocol reads functions and has no way
// yet to make one. It is registerTable for functions.
func (h *Handler) registerFunction(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	id := catalog.TableIdentifier{Namespace: h.namespaceOf(c), Name: body.text("name")}
	location := body.text("metadata-location")
	overwrite := body.flag("overwrite")
	if body.err != nil {
		return answer{}, body.err
	}
	registered, err := h.catalog.RegisterFunction(c.Context(), request, id, location, overwrite)
	if err != nil {
		return answer{}, err
	}
	return commitAnswer(registered, "")
}

// dropFunction is Igloo's own, as registerFunction is.
func (h *Handler) dropFunction(c *call) (answer, error) {
	id, err := h.identifierOf(c, "function")
	if err != nil {
		return answer{}, err
	}
	request, err := c.request(nil)
	if err != nil {
		return answer{}, err
	}
	if err := h.catalog.DropFunction(c.Context(), request, id); err != nil {
		return answer{}, err
	}
	return none()
}
