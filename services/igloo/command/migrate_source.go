package command

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// sourceFlags say where the other catalog is.
type sourceFlags struct {
	From                 string `arg:"" name:"source" help:"URL of the other catalog, without /v1." placeholder:"URL"`
	FromWarehouse        string `help:"Warehouse there, as its clients name it." placeholder:"NAME"`
	SourceTokenFile      string `name:"from-token-file" env:"IGLOO_FROM_TOKEN_FILE" help:"Show the token in this file there." placeholder:"FILE"`
	SourceCredentialFile string `name:"from-credential-file" env:"IGLOO_FROM_CREDENTIAL_FILE" help:"Show a token there that the other catalog issues for the credential in this file, an id, a colon and a secret." placeholder:"FILE"`
}

// sourceCatalog is the other catalog.
type sourceCatalog struct {
	*client
	// prefix are the names that its paths begin with.
	prefix []string
	// separator joins the levels of a namespace in paths.
	separator string
}

// source asks the other catalog how it wants to be asked.
func (f sourceFlags) source(ctx context.Context, like *client) (*sourceCatalog, error) {
	at, err := serverURL("source", f.From)
	if err != nil {
		return nil, err
	}
	s := &sourceCatalog{client: &client{server: address(at), catalog: address(at), timeout: like.timeout, web: web(nil)}}
	s.proof = Session{TokenFile: f.SourceTokenFile, CredentialFile: f.SourceCredentialFile}.proof(s.client)
	query := url.Values{}
	if f.FromWarehouse != "" {
		query.Set("warehouse", f.FromWarehouse)
	}
	answer, err := s.ask(ctx, call{method: http.MethodGet, catalog: true, path: []string{"config"}, query: query})
	if err != nil {
		return nil, fmt.Errorf("the other catalog: %w", err)
	}
	var config struct {
		Defaults, Overrides map[string]string
	}
	if err := json.Unmarshal(answer, &config); err != nil {
		return nil, fmt.Errorf("the other catalog's configuration is no JSON: %w", err)
	}
	setting := func(key, otherwise string) string {
		for _, of := range []map[string]string{config.Overrides, config.Defaults} {
			if value, set := of[key]; set {
				return value
			}
		}
		return otherwise
	}
	if prefix := setting("prefix", ""); prefix != "" {
		s.prefix = strings.Split(prefix, "/")
	}
	s.separator, err = url.PathUnescape(setting("namespace-separator", "%1F"))
	return s, err
}

func (s *sourceCatalog) at(of ...string) []string { return slices.Concat(s.prefix, of) }

// paged asks for a list a page at a time; what has no pages answers all at once.
func paged(query ...string) url.Values {
	values := url.Values{"pageToken": {""}}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return values
}

// namespaces are those below a parent, each before those that are in it.
func (s *sourceCatalog) namespaces(ctx context.Context, parent catalog.Namespace) iter.Seq2[catalog.Namespace, error] {
	return func(yield func(catalog.Namespace, error) bool) { s.walk(ctx, parent, yield) }
}

func (s *sourceCatalog) walk(ctx context.Context, parent catalog.Namespace, yield func(catalog.Namespace, error) bool) bool {
	query := paged()
	if len(parent) > 0 {
		query.Set("parent", strings.Join(parent, s.separator))
	}
	for answer, err := range s.each(ctx, "namespaces", call{catalog: true, path: s.at("namespaces"), query: query}) {
		var levels catalog.Namespace
		if err == nil {
			err = json.Unmarshal(answer, &levels)
		}
		if err == nil && len(levels) <= len(parent) {
			continue // some answer the parent as well
		}
		if !yield(levels, err) || err != nil || !s.walk(ctx, levels, yield) {
			return false
		}
	}
	return true
}

// thing is a table or a view of the other catalog.
type thing struct {
	identifier
	kind string // "table" or "view"
}

// viewless reports whether the other catalog lists no views at all. One that has
// none refuses to, or answers nothing.
func (s *sourceCatalog) viewless(ctx context.Context, of call) (bool, error) {
	of.method = http.MethodGet
	answer, err := s.ask(ctx, of)
	if refusedAs(err, http.StatusBadRequest, http.StatusNotFound, http.StatusNotAcceptable, http.StatusNotImplemented, http.StatusMethodNotAllowed) {
		return true, nil
	}
	return err == nil && len(answer) == 0, err
}

// contents are the tables of a namespace, and its views.
func (s *sourceCatalog) contents(ctx context.Context, levels catalog.Namespace) iter.Seq2[thing, error] {
	return func(yield func(thing, error) bool) {
		for _, kind := range []string{"table", "view"} {
			of := call{catalog: true, path: s.at("namespaces", strings.Join(levels, s.separator), kind+"s"), query: paged()}
			if kind == "view" {
				without, err := s.viewless(ctx, of)
				if err != nil {
					yield(thing{}, err)
				}
				if without || err != nil {
					return
				}
			}
			for answer, err := range s.each(ctx, "identifiers", of) {
				found := thing{kind: kind}
				if err == nil {
					err = json.Unmarshal(answer, &found.identifier)
				}
				if !yield(found, err) || err != nil {
					return
				}
			}
		}
	}
}

// load reads a table or a view of the other catalog.
func (s *sourceCatalog) load(ctx context.Context, of thing) (loaded, error) {
	path := s.at("namespaces", strings.Join(of.Namespace, s.separator), of.kind+"s", of.Name)
	answer, err := s.ask(ctx, call{method: http.MethodGet, catalog: true, path: path})
	if err != nil {
		return loaded{}, err
	}
	return readLoaded(answer)
}
