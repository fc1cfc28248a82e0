package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// route is one operation of the protocol.
type route struct {
	method string
	// template is the path as the protocol writes it, after /v1.
	template string
	// operation is the OpenAPI operationId.
	operation string
	serve     func(*call) (answer, error)
}

// served is a route with its template taken apart.
type served struct {
	route

	parts []string
}

func serving(routes []route) []served {
	all := make([]served, len(routes))
	for i, r := range routes {
		all[i] = served{route: r, parts: strings.Split(r.template[1:], "/")}
	}
	return all
}

const prefixed = "/{prefix}"

// table is everything that is served, for the router and for /v1/config alike.
func (h *Handler) table() []route {
	const (
		namespaces = prefixed + "/namespaces"
		namespace  = namespaces + "/{namespace}"
		tables     = namespace + "/tables"
		table      = tables + "/{table}"
		views      = namespace + "/views"
		view       = views + "/{view}"
		functions  = namespace + "/functions"
		function   = functions + "/{function}"
	)
	return slices.Concat([]route{
		{http.MethodGet, "/config", "getConfig", h.getConfig},
		{http.MethodPost, "/oauth/tokens", "getToken", h.getToken},
		{http.MethodGet, namespaces, "listNamespaces", h.listNamespaces},
		{http.MethodPost, namespaces, "createNamespace", h.createNamespace},
		{http.MethodGet, namespace, "loadNamespaceMetadata", h.loadNamespaceMetadata},
		{http.MethodHead, namespace, "namespaceExists", h.namespaceExists},
		{http.MethodDelete, namespace, "dropNamespace", h.dropNamespace},
		{http.MethodPost, namespace + "/properties", "updateProperties", h.updateProperties},
		{http.MethodGet, tables, "listTables", h.listTables},
		{http.MethodPost, tables, "createTable", h.createTable},
		{http.MethodGet, table, "loadTable", h.loadTable},
		{http.MethodPost, table, "updateTable", h.updateTable},
		{http.MethodDelete, table, "dropTable", h.dropTable},
		{http.MethodHead, table, "tableExists", h.tableExists},
		{http.MethodPost, namespace + "/register", "registerTable", h.registerTable},
		{http.MethodPost, prefixed + "/tables/rename", "renameTable", h.renameTable},
		{http.MethodPost, table + "/unregister", "unregisterTable", h.unregisterTable},
		{http.MethodPost, table + "/metrics", "reportMetrics", h.reportMetrics},
		{http.MethodPost, prefixed + "/transactions/commit", "commitTransaction", h.commitTransaction},
		{http.MethodGet, views, "listViews", h.listViews},
		{http.MethodPost, views, "createView", h.createView},
		{http.MethodGet, view, "loadView", h.loadView},
		{http.MethodPost, view, "replaceView", h.replaceView},
		{http.MethodDelete, view, "dropView", h.dropView},
		{http.MethodHead, view, "viewExists", h.viewExists},
		{http.MethodPost, prefixed + "/views/rename", "renameView", h.renameView},
		{http.MethodPost, namespace + "/register-view", "registerView", h.registerView},
		{http.MethodGet, functions, "listFunctions", h.listFunctions},
		{http.MethodGet, function, "loadFunction", h.loadFunction},
		{http.MethodDelete, function, "dropFunction", h.dropFunction},
		{http.MethodPost, namespace + "/register-function", "registerFunction", h.registerFunction},
	}, h.planningTable(table), h.delegationTable(table), h.signingTable(table))
}

// planningTable is what is served below a table for those who let it be planned here.
func (h *Handler) planningTable(table string) []route {
	if h.scans == nil {
		return nil
	}
	return []route{
		{http.MethodPost, table + "/plan", "planTableScan", h.planTableScan},
		{http.MethodGet, table + "/plan/{plan-id}", "fetchPlanningResult", h.fetchPlanningResult},
		{http.MethodDelete, table + "/plan/{plan-id}", "cancelPlanning", h.cancelPlanning},
		{http.MethodPost, table + "/tasks", "fetchScanTasks", h.fetchScanTasks},
	}
}

// endpoints is the table as clients read it. The paths that clients use before
// they know it are not in it.
func endpoints(routes []route) []string {
	var served []string
	for _, r := range routes {
		if strings.HasPrefix(r.template, prefixed) {
			served = append(served, r.method+" /v1"+r.template)
		}
	}
	return served
}

// call is one request that found its route.
type call struct {
	*http.Request

	warehouse string
	operation string
	template  string
	variables []variable
	// bodyLimit bounds the body in bytes, compressed and not.
	bodyLimit int64
}

// variable is one of a template, with what the path has in its place.
type variable struct{ name, value string }

// variable is what the path has for one of its template, which is in it.
func (c *call) variable(name string) string {
	for _, v := range c.variables {
		if v.name == name {
			return v.value
		}
	}
	return ""
}

// path is the route and its variables in one spelling, whatever the client's.
func (c *call) path() string {
	spelling := url.Values{}
	for _, v := range c.variables {
		spelling.Set(v.name, v.value)
	}
	return c.template + "?" + spelling.Encode()
}

// families are the first segments of paths without a prefix. A warehouse of such
// a name could not be told from them, and cannot be reached.
func families() []string {
	return []string{"namespaces", "tables", "views", "transactions", "config", "oauth"}
}

// route finds who serves a request, on the path as it was sent.
func (h *Handler) route(r *http.Request) (*call, route, error) {
	path, found := strings.CutPrefix(r.URL.EscapedPath(), "/v1/")
	if !found {
		return nil, route{}, noRoute(r)
	}
	first, _, _ := strings.Cut(path, "/")
	if first == "" {
		return nil, route{}, noRoute(r) // a prefix without a name would be another spelling of the default's
	}
	c := &call{Request: r, warehouse: catalog.DefaultWarehouse, bodyLimit: h.bodyLimit}
	if first == "config" || first == "oauth" || path == olderSign {
		return h.match(c, strings.Split(path, "/"))
	}
	if slices.Contains(families(), first) {
		return h.match(c, strings.Split("{prefix}/"+path, "/"))
	}
	var err error
	if c.warehouse, err = unescape("prefix", first); err != nil {
		return nil, route{}, err
	}
	segments := strings.Split(path, "/")
	segments[0] = "{prefix}"
	return h.match(c, segments)
}

func (h *Handler) match(c *call, segments []string) (*call, route, error) {
	var allowed []string
	var fallback *served // a GET answers HEAD where there is no HEAD of its own
	for i, candidate := range h.routes {
		if !matches(candidate.parts, segments) {
			continue
		}
		allowed = append(allowed, candidate.method)
		switch {
		case candidate.method == c.Method:
			return h.bind(c, candidate, segments)
		case candidate.method == http.MethodGet && c.Method == http.MethodHead:
			fallback = &h.routes[i]
		}
	}
	if fallback != nil {
		return h.bind(c, *fallback, segments)
	}
	if allowed == nil {
		return nil, route{}, noRoute(c.Request)
	}
	return nil, route{}, &methodError{allowed: allowed, err: fault.New(fault.MethodNotAllowed,
		"%s is not served here, only %s", c.Method, strings.Join(allowed, ", "))}
}

// matches compares a path, still escaped, with a template. The prefix was put
// in by us: no path has braces that are not escaped.
func matches(parts, segments []string) bool {
	if len(parts) != len(segments) {
		return false
	}
	for i, part := range parts {
		variable := part[0] == '{' && part != "{prefix}"
		if part != segments[i] && (!variable || segments[i] == "{prefix}") {
			return false
		}
	}
	return true
}

// bind takes the variables out of the path.
func (h *Handler) bind(c *call, r served, segments []string) (*call, route, error) {
	c.operation, c.template = r.operation, r.template
	c.variables = make([]variable, 0, len(r.parts))
	for i, part := range r.parts {
		if part[0] != '{' || part == "{prefix}" {
			continue
		}
		name := part[1 : len(part)-1]
		value, err := unescape(name, segments[i])
		if err != nil {
			return nil, route{}, err
		}
		c.variables = append(c.variables, variable{name, value})
	}
	return c, r.route, nil
}

// unescape reads a path segment. Java escapes a space as "+" in paths too, and
// everybody escapes a plus as "%2B": so a bare plus is a space.
func unescape(name, escaped string) (string, error) {
	value, err := url.QueryUnescape(escaped)
	if err != nil {
		return "", fault.Field(name, "is not well escaped")
	}
	return value, nil
}

// noRoute is the error of a path where nothing is.
func noRoute(r *http.Request) error {
	return fault.New(fault.NoSuchRoute, "No route for request: %s %s", r.Method, clip(r.URL.EscapedPath()))
}

// clip keeps what a client sent from filling answers and logs.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// methodError is a MethodNotAllowed that knows what is allowed.
type methodError struct {
	allowed []string
	err     error
}

func (e *methodError) Error() string { return e.err.Error() }
func (e *methodError) Unwrap() error { return e.err }
