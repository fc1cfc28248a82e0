package catalog

import (
	"maps"
	"strings"
)

// Prefixes of a warehouse's properties that steer those of new tables and views.
// Source: Java's CatalogProperties.
const (
	tableDefaultPrefix  = "table-default."
	tableOverridePrefix = "table-override."
	viewDefaultPrefix   = "view-default."
	viewOverridePrefix  = "view-override."
)

// ClientDefaults are the warehouse's properties that a client shall take for its
// own where it has none.
func (w Warehouse) ClientDefaults() map[string]string {
	return w.withPrefix(tableDefaultPrefix, viewDefaultPrefix)
}

// ClientOverrides are the warehouse's properties that a client shall take before
// its own.
func (w Warehouse) ClientOverrides() map[string]string {
	return w.withPrefix(tableOverridePrefix, viewOverridePrefix)
}

func (w Warehouse) withPrefix(prefixes ...string) map[string]string {
	found := map[string]string{}
	for key, value := range w.Properties {
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) && key != prefix {
				found[key] = value
			}
		}
	}
	return found
}

// layered are the properties of a new table or view: the request's over the
// warehouse's defaults, and its overrides over both. A client that read the
// configuration did the same, and doing it twice changes nothing.
func (w Warehouse) layered(defaults, overrides string, requested map[string]string) map[string]string {
	properties := map[string]string{}
	maps.Copy(properties, stripped(w.withPrefix(defaults), defaults))
	maps.Copy(properties, requested)
	maps.Copy(properties, stripped(w.withPrefix(overrides), overrides))
	return properties
}

func stripped(properties map[string]string, prefix string) map[string]string {
	short := make(map[string]string, len(properties))
	for key, value := range properties {
		short[strings.TrimPrefix(key, prefix)] = value
	}
	return short
}
