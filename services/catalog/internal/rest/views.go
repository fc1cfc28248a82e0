package rest

import "github.com/igloo-catalog/igloo/services/catalog"

func (h *Handler) listViews(c *call) (answer, error) {
	return h.listNames(c, catalog.ViewKind)
}

func (h *Handler) createView(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	creation := catalog.ViewCreation{
		Identifier: catalog.TableIdentifier{Namespace: h.namespaceOf(c), Name: body.text("name")},
		Schema:     body.needed("schema", "an object"),
		Version:    body.needed("view-version", "an object"),
		Location:   body.optionalText("location"),
		Properties: body.textMap("properties"),
	}
	if body.err != nil {
		return answer{}, body.err
	}
	created, err := h.catalog.CreateView(c.Context(), request, creation)
	if err != nil {
		return answer{}, err
	}
	return loadAnswer(created, "")
}

func (h *Handler) loadView(c *call) (answer, error) {
	id, err := h.identifierOf(c, "view")
	if err != nil {
		return answer{}, err
	}
	by, err := h.referencesOf(c)
	if err != nil {
		return answer{}, err
	}
	loaded, err := h.catalog.LoadView(c.Context(), c.warehouse, id, catalog.LoadOptions{ReferencedBy: by, Afresh: c.afresh()})
	if err != nil {
		return answer{}, err
	}
	return loadAnswer(loaded, "")
}

func (h *Handler) viewExists(c *call) (answer, error) {
	id, err := h.identifierOf(c, "view")
	if err != nil {
		return answer{}, err
	}
	if err := h.catalog.Exists(c.Context(), c.warehouse, id, catalog.ViewKind); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) replaceView(c *call) (answer, error) {
	id, err := h.identifierOf(c, "view")
	if err != nil {
		return answer{}, err
	}
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	body.named(id)
	change := catalog.ViewChange{Identifier: id, Requirements: body.raw("requirements"), Updates: body.needed("updates", "an array")}
	if body.err != nil {
		return answer{}, body.err
	}
	replaced, err := h.catalog.ReplaceView(c.Context(), request, change)
	if err != nil {
		return answer{}, err
	}
	return loadAnswer(replaced, "")
}

func (h *Handler) dropView(c *call) (answer, error) {
	id, err := h.identifierOf(c, "view")
	if err != nil {
		return answer{}, err
	}
	request, err := c.request(nil)
	if err != nil {
		return answer{}, err
	}
	if err := h.catalog.DropView(c.Context(), request, id); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) renameView(c *call) (answer, error) {
	return h.rename(c, catalog.ViewKind)
}

func (h *Handler) registerView(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	id := catalog.TableIdentifier{Namespace: h.namespaceOf(c), Name: body.text("name")}
	location := body.text("metadata-location")
	if body.err != nil {
		return answer{}, body.err
	}
	registered, err := h.catalog.RegisterView(c.Context(), request, id, location)
	if err != nil {
		return answer{}, err
	}
	return loadAnswer(registered, "")
}
