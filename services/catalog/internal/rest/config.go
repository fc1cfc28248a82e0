package rest

import (
	"context"
	"net/url"
	"strconv"

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
	defaults := warehouse.ClientDefaults()
	h.tellOfTokens(c.Context(), defaults)
	return value(configResponse{
		Defaults: defaults, Overrides: overrides,
		Endpoints: h.endpoints, KeyLifetime: keyLifetime,
	})
}

// tellOfTokens says where the next token comes from, of whoever showed one: the
// issuer's own address, and whether it takes the old one for it. Java asks for an
// exchange unless it is told not to, and would end with its token.
func (h *Handler) tellOfTokens(ctx context.Context, defaults map[string]string) {
	if h.tokens == nil {
		return
	}
	grants, known := h.tokens(ctx)
	if !known {
		return
	}
	if grants.TokenURI != "" {
		defaults["oauth2-server-uri"] = grants.TokenURI
	}
	defaults["token-exchange-enabled"] = strconv.FormatBool(grants.Exchange)
}

// getToken is where clients go that know no better: the protocol has deprecated
// it, and a catalog is not an identity provider.
func (h *Handler) getToken(*call) (answer, error) {
	return answer{}, fault.New(fault.Unsupported,
		"this catalog issues no tokens: set oauth2-server-uri to your identity provider, or connect without credentials")
}
