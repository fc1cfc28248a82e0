package rest

import (
	"net/url"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// keyLifetime is how long clients may send a request again under its key: less
// than it is remembered, so that no clock and no queue in between matters. It is
// spelled without weeks, which java.time.Duration does not read.
const keyLifetime = "PT30M"

type configResponse struct {
	Defaults    map[string]string `json:"defaults"`
	Overrides   map[string]string `json:"overrides"`
	Endpoints   []string          `json:"endpoints"`
	KeyLifetime string            `json:"idempotency-key-lifetime"`
}

// getConfig is every client's first call: which warehouse it is in, and what is served.
func (h *Handler) getConfig(c *call) (answer, error) {
	name, _, err := c.parameter("warehouse")
	if err != nil {
		return answer{}, err
	}
	if name == "" {
		name = catalog.DefaultWarehouse
	}
	warehouse, err := h.catalog.Warehouse(c.Context(), name)
	if err != nil {
		return answer{}, err
	}
	overrides := warehouse.ClientOverrides()
	// Clients put the prefix into paths as it is.
	overrides["prefix"] = url.QueryEscape(warehouse.Name)
	overrides["namespace-separator"] = h.separator.escaped
	return value(configResponse{
		Defaults: warehouse.ClientDefaults(), Overrides: overrides,
		Endpoints: h.endpoints, KeyLifetime: keyLifetime,
	})
}

// getToken is where clients go that know no better: the protocol has deprecated
// it, and a catalog is not an identity provider.
func (h *Handler) getToken(*call) (answer, error) {
	return answer{}, fault.New(fault.Unsupported,
		"this catalog issues no tokens: set oauth2-server-uri to your identity provider, or connect without credentials")
}
