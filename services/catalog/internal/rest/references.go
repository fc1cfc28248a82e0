package rest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// referencedBy is the parameter with the views through which something is loaded.
const referencedBy = "referenced-by"

// maxReferencedBy bounds it, in bytes as it is sent.
const maxReferencedBy = 16 << 10

// referencesOf are the views through which the client comes to what it loads.
func (h *Handler) referencesOf(c *call) (catalog.References, error) {
	sent, err := rawParameter(c.URL.RawQuery, referencedBy)
	if err != nil || sent == "" {
		return nil, err
	}
	return h.separator.references(sent)
}

// rawParameter is a query parameter as it was sent, escapes and all; it may be given
// once.
func rawParameter(query, name string) (string, error) {
	var found []string
	for pair := range strings.SplitSeq(query, "&") {
		key, sent, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); err == nil && plain == name {
			found = append(found, sent)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	default:
		return "", fault.Field(name, "is given %d times", len(found))
	}
}

// references reads a list of views as it was sent: a comma is between views, one in a
// name is escaped; and it is the last separator that a view's name is behind.
func (s separator) references(sent string) (catalog.References, error) {
	if len(sent) > maxReferencedBy {
		return nil, fault.Field(referencedBy, "has %d bytes, at most %d are allowed", len(sent), maxReferencedBy)
	}
	if n := strings.Count(sent, ",") + 1; n > catalog.MaxReferences {
		return nil, fault.Field(referencedBy, "names %d views, at most %d are allowed", n, catalog.MaxReferences)
	}
	var views catalog.References
	for escaped := range strings.SplitSeq(sent, ",") {
		plain, err := url.QueryUnescape(escaped)
		if err != nil {
			return nil, fault.Field(referencedBy, "is not well escaped: %q", clip(escaped))
		}
		levels := s.split(plain)
		last := len(levels) - 1
		if last == 0 {
			return nil, fault.Field(referencedBy, "has %q, which is no namespace and view with %s between them", clip(plain), s.escaped)
		}
		views = append(views, catalog.TableIdentifier{Namespace: levels[:last], Name: levels[last]})
	}
	return views, views.Validate(referencedBy)
}

// spelled is the inverse of references, fit for a query.
func (s separator) spelled(views catalog.References) string {
	texts := make([]string, len(views))
	for i, view := range views {
		levels := append(slices.Clone(view.Namespace), view.Name)
		for i := range levels {
			levels[i] = url.QueryEscape(levels[i])
		}
		texts[i] = strings.Join(levels, url.QueryEscape(protocolSeparator))
	}
	return strings.Join(texts, ",")
}
