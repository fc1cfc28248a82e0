package iceberg

import (
	"encoding/json"
	"slices"
	"time"
)

// ViewCreation is what a request to create a view asks for.
type ViewCreation struct {
	UUID, Location      string
	Schema, ViewVersion json.RawMessage
	Properties          map[string]string
	// Now is the time of creation.
	Now time.Time
}

// NewViewMetadata makes the first document of a view.
func NewViewMetadata(c ViewCreation) (*ViewMetadata, error) {
	if c.Schema == nil {
		return nil, invalid("schema", "is missing")
	}
	if c.ViewVersion == nil {
		return nil, invalid("view-version", "is missing")
	}
	s, err := decodeSchema("schema", c.Schema)
	if err != nil {
		return nil, err
	}
	version, err := decodeViewVersion("view-version", c.ViewVersion)
	if err != nil {
		return nil, err
	}
	d := newViewDraft(nil, c.Now)
	d.next.uuid, d.next.location = c.UUID, stripTrailingSlash(c.Location)
	d.addSchema(s)
	version.schema = lastAdded
	if err := d.addVersion(version); err != nil {
		return nil, err
	}
	if err := d.setCurrent(lastAdded); err != nil {
		return nil, err
	}
	for _, key := range sortedKeys(c.Properties) {
		d.next.properties = append(d.next.properties, member{key, quoted(c.Properties[key])})
	}
	return d.build()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
