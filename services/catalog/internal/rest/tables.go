package rest

import (
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

func (h *Handler) listTables(c *call) (answer, error) {
	return h.listNames(c, catalog.TableKind)
}

// listNames lists the tables or the views of a namespace.
func (h *Handler) listNames(c *call, kind catalog.Kind) (answer, error) {
	ns := h.namespaceOf(c)
	pages, next, err := h.namesOf(c, ns, kind)
	if err != nil {
		return answer{}, err
	}
	return identifiers(ns, pages, next)
}

// namesOf is the page of names that is asked for, or all pages, and the token of the next.
func (h *Handler) namesOf(c *call, ns catalog.Namespace, kind catalog.Kind) ([]*catalog.Names, *string, error) {
	list := c.list(ns.DatabaseID())
	page, err := c.pageOf(list)
	if err != nil {
		return nil, nil, err
	}
	pages, next, err := h.catalog.List(c.Context(), c.warehouse, ns, kind, page)
	return pages, sealToken(list, next), err
}

func (h *Handler) createTable(c *call) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	creation := catalog.TableCreation{
		Identifier: catalog.TableIdentifier{Namespace: h.namespaceOf(c), Name: body.text("name")},
		Schema:     body.needed("schema", "an object"),
		Spec:       body.raw("partition-spec"),
		Order:      body.raw("write-order"),
		Location:   body.optionalText("location"),
		Properties: body.textMap("properties"),
	}
	stage := body.flag("stage-create")
	if body.err != nil {
		return answer{}, body.err
	}
	if stage {
		staged, err := h.catalog.StageTable(c.Context(), request, creation)
		if err != nil {
			return answer{}, err
		}
		return h.created(c, creation.Identifier, staged, "")
	}
	created, err := h.catalog.CreateTable(c.Context(), request, creation)
	if err != nil {
		return answer{}, err
	}
	return h.created(c, creation.Identifier, created, tagOf(created.MetadataLocation, allSnapshots))
}

func (h *Handler) registerTable(c *call) (answer, error) {
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
	registered, err := h.catalog.RegisterTable(c.Context(), request, id, location, overwrite)
	if err != nil {
		return answer{}, err
	}
	return h.created(c, id, registered, tagOf(registered.MetadataLocation, allSnapshots))
}

func (h *Handler) loadTable(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	mode, given, err := c.parameter("snapshots")
	switch {
	case err != nil:
		return answer{}, err
	case !given || mode == "":
		mode = allSnapshots
	case mode != allSnapshots && mode != refsOnly:
		return answer{}, fault.Field("snapshots", "must be all or refs, found %q", clip(mode))
	}
	by, err := h.referencesOf(c)
	if err != nil {
		return answer{}, err
	}
	if o, err := h.offered(c); err != nil {
		return answer{}, err
	} else if o != nil {
		o.through = by
		return h.loadDelegated(c, id, mode, o)
	}
	options := catalog.LoadOptions{RefsOnly: mode == refsOnly, ReferencedBy: by, Afresh: c.afresh()}
	if conditions := c.Header.Values("If-None-Match"); len(conditions) > 0 {
		options.Known = func(location string, _ catalog.FileAccess) bool { return tagMatches(conditions, tagOf(location, mode)) }
	}
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, options)
	if err != nil {
		return answer{}, err
	}
	tag := tagOf(loaded.MetadataLocation, mode)
	if loaded.Metadata == nil {
		return notModified(tag)
	}
	a, err := loadAnswer(loaded, tag)
	a.keep = true
	return a, err
}

func (h *Handler) tableExists(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	if err := h.catalog.Exists(c.Context(), c.warehouse, id, catalog.TableKind); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) updateTable(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	body.named(id)
	change := catalog.TableChange{Identifier: id, Requirements: body.needed("requirements", "an array"), Updates: body.needed("updates", "an array")}
	if body.err != nil {
		return answer{}, body.err
	}
	committed, err := h.catalog.UpdateTable(c.Context(), request, change)
	if err != nil {
		return answer{}, err
	}
	return commitAnswer(committed, tagOf(committed.MetadataLocation, allSnapshots))
}

func (h *Handler) unregisterTable(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	body, err := c.readBody()
	if err != nil {
		return answer{}, err
	}
	request, err := c.request(body)
	if err != nil {
		return answer{}, err
	}
	unregistered, err := h.catalog.UnregisterTable(c.Context(), request, id)
	if err != nil {
		return answer{}, err
	}
	return commitAnswer(unregistered, "")
}

func (h *Handler) dropTable(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	purge, err := c.boolParameter("purgeRequested")
	if err != nil {
		return answer{}, err
	}
	request, err := c.request(nil)
	if err != nil {
		return answer{}, err
	}
	if err := h.catalog.DropTable(c.Context(), request, id, purge); err != nil {
		return answer{}, err
	}
	return none()
}

func (h *Handler) renameTable(c *call) (answer, error) {
	return h.rename(c, catalog.TableKind)
}

// rename gives a table or a view another name.
func (h *Handler) rename(c *call, kind catalog.Kind) (answer, error) {
	request, body, err := c.mutation()
	if err != nil {
		return answer{}, err
	}
	from, to := body.identifier("source"), body.identifier("destination")
	if body.err != nil {
		return answer{}, body.err
	}
	if err := h.catalog.Rename(c.Context(), request, kind, from, to); err != nil {
		return answer{}, err
	}
	return none()
}
