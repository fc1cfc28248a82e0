package command

import (
	"encoding/json"
	"fmt"
	"strings"
)

// nested is a type that is made of others.
type nested struct {
	Type         string          `json:"type"`
	Fields       []column        `json:"fields"`
	ElementID    int             `json:"element-id"`
	Element      json.RawMessage `json:"element"`
	NeedsElement bool            `json:"element-required"`
	KeyID        int             `json:"key-id"`
	Key          json.RawMessage `json:"key"`
	ValueID      int             `json:"value-id"`
	Value        json.RawMessage `json:"value"`
	NeedsValue   bool            `json:"value-required"`
}

// parts are the types within it, each as a column.
func (n nested) parts() []column {
	switch n.Type {
	case "list":
		return []column{{ID: n.ElementID, Name: "element", Type: n.Element, Required: n.NeedsElement}}
	case "map":
		return []column{{ID: n.KeyID, Name: "key", Type: n.Key, Required: true}, {ID: n.ValueID, Name: "value", Type: n.Value, Required: n.NeedsValue}}
	}
	return n.Fields
}

// typeText is a type as SQL has it: "struct<a: int, b: list<string>>".
func typeText(raw json.RawMessage) string {
	var plain string
	if json.Unmarshal(raw, &plain) == nil {
		return plain
	}
	var n nested
	if err := json.Unmarshal(raw, &n); err != nil {
		return string(raw)
	}
	parts := n.parts()
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = typeText(part.Type)
		if n.Type == "struct" {
			texts[i] = part.Name + ": " + texts[i]
		}
	}
	return fmt.Sprintf("%s<%s>", n.Type, strings.Join(texts, ", "))
}

// nameColumns fills in the names of columns, and of what is in them.
func nameColumns(columns []column, above string, names map[int]string) {
	for _, c := range columns {
		names[c.ID] = above + c.Name
		var n nested
		if json.Unmarshal(c.Type, &n) == nil {
			nameColumns(n.parts(), above+c.Name+".", names)
		}
	}
}
