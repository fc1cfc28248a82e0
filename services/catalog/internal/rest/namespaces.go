package rest

import "github.com/igloo-catalog/igloo/services/catalog"

type namespacesResponse struct {
	Namespaces    []catalog.Namespace `json:"namespaces"`
	NextPageToken *string             `json:"next-page-token"`
}

func (h *Handler) listNamespaces(c *call) (answer, error) {
	parent, err := h.parentOf(c)
	if err != nil {
		return answer{}, err
	}
	list := c.list(parent.DatabaseID())
	page, err := c.pageOf(list)
	if err != nil {
		return answer{}, err
	}
	children, next, err := h.catalog.ListNamespaces(c.Context(), c.warehouse, parent, page)
	if err != nil {
		return answer{}, err
	}
	return value(namespacesResponse{Namespaces: children, NextPageToken: sealToken(list, next)})
}

func (h *Handler) createNamespace(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	ns := body.namespace("namespace")
	properties := body.textMap("properties")
	if body.err != nil {
		return answer{}, body.err
	}
	if err := h.separator.refuse(ns); err != nil {
		return answer{}, err
	}
	created, err := h.catalog.CreateNamespace(c.Context(), request, ns, properties)
	if err != nil {
		return answer{}, err
	}
	return value(created)
}

func (h *Handler) loadNamespaceMetadata(c *call) (answer, error) {
	loaded, err := h.catalog.LoadNamespaceMetadata(c.Context(), c.warehouse, h.namespaceOf(c))
	if err != nil {
		return answer{}, err
	}
	return value(loaded)
}

func (h *Handler) namespaceExists(c *call) (answer, error) {
	if err := h.catalog.NamespaceExists(c.Context(), c.warehouse, h.namespaceOf(c)); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) dropNamespace(c *call) (answer, error) {
	request, err := c.request(nil)
	if err != nil {
		return answer{}, err
	}
	if err := h.catalog.DropNamespace(c.Context(), request, h.namespaceOf(c)); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) updateProperties(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	updates := body.textMap("updates")
	removals := body.texts("removals", body.optionalList("removals"))
	if body.err != nil {
		return answer{}, body.err
	}
	changes, err := h.catalog.UpdateProperties(c.Context(), request, h.namespaceOf(c), updates, removals)
	if err != nil {
		return answer{}, err
	}
	return value(changes)
}
