package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// walk looks at everything, and tells of it as it goes.
func (e *examination) walk(ctx context.Context, out chan<- finding) error {
	e.out = out
	e.servers(ctx)
	e.warehouses(ctx)
	err := e.places.overlaps(func(what string, inner, outer place) {
		e.found(ctx, what, inner.finding(), "at %s, and %s %s of warehouse %s is at %s", inner.Location, outer.Type, outer.Name, outer.Warehouse, outer.Location)
	})
	if err != nil {
		e.failed(ctx, finding{Type: "server"}, err)
	}
	select {
	case out <- e.summary():
	case <-ctx.Done():
	}
	return ctx.Err()
}

// servers asks both services whether they should get requests: the house table
// service says no where its database has another schema than it needs.
func (e *examination) servers(ctx context.Context) {
	urls := []string{e.igloo.server, e.igloo.catalog}
	slices.Sort(urls)
	for _, server := range slices.Compact(urls) {
		e.server(ctx, server)
	}
}

func (e *examination) server(ctx context.Context, server string) {
	of := finding{Type: "server", Name: server}
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", http.NoBody)
	if err != nil {
		e.failed(ctx, of, err)
		return
	}
	status, _, answer, err := e.igloo.send(request)
	switch {
	case err != nil:
		e.failed(ctx, of, err)
	case status == http.StatusServiceUnavailable:
		const enough = 500
		e.found(ctx, foundNotReady, of, "%s", strings.ToValidUTF8(strings.TrimSpace(string(answer[:min(len(answer), enough)])), ""))
	}
}

func (e *examination) warehouses(ctx context.Context) {
	left, seen := slices.Clone(e.Warehouses), false
	for answer, err := range e.igloo.each(ctx, "warehouses", call{path: []string{"warehouses"}}) {
		w := &htsv1.Warehouse{}
		if err == nil {
			err = decode("warehouse", answer, w)
		}
		if err != nil {
			e.failed(ctx, finding{Type: "server", Name: e.igloo.server}, err)
			return
		}
		seen = true
		if len(e.Warehouses) == 0 || slices.Contains(left, w.GetName()) {
			left = slices.DeleteFunc(left, func(name string) bool { return name == w.GetName() })
			e.warehouse(ctx, w)
		}
	}
	if !seen {
		e.failed(ctx, finding{Type: "server", Name: e.igloo.server}, errors.New("there is no warehouse that you may see"))
	}
	for _, name := range left {
		e.failed(ctx, finding{Type: "warehouse", Warehouse: name}, errors.New("there is no such warehouse, or none that you may see"))
	}
}

// warehouse looks at what is in one, several at a time.
func (e *examination) warehouse(ctx context.Context, w *htsv1.Warehouse) {
	e.count("warehouses")
	slots, group := make(chan struct{}, e.At), sync.WaitGroup{}
	defer group.Wait()
	for s, err := range e.subjects(ctx, w) {
		if err != nil {
			e.failed(ctx, s.finding(), err)
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		group.Go(func() {
			defer func() { <-slots }()
			e.one(ctx, s)
			e.told.add(1)
		})
	}
}

// subject is what is looked at: a table or a view.
type subject struct {
	identifier
	warehouse *htsv1.Warehouse
	// kind is table or view; of what could not be listed namespace or warehouse.
	kind string
	// pointer is what the house table service has; nil where it may not be seen.
	pointer *htsv1.ExportedTable
}

func (s subject) finding() finding {
	f := finding{Warehouse: s.warehouse.GetName(), Type: s.kind}
	switch s.kind {
	case "namespace":
		f.Name = s.Namespace.DatabaseID()
	case "table", "view":
		f.Name = s.text()
	}
	return f
}

var errPartOnly = errors.New("only who owns the warehouse sees all that is in it, and the uuids that its pointers have: what is visible is checked, without those")

// subjects are the tables and views of a warehouse: all, where the caller owns it,
// else those that are visible. With an error comes what could not be listed.
func (e *examination) subjects(ctx context.Context, w *htsv1.Warehouse) iter.Seq2[subject, error] {
	whole := subject{warehouse: w, kind: "warehouse"}
	return func(yield func(subject, error) bool) {
		query := url.Values{"warehouse": {w.GetName()}, "pageSize": {exportPage}}
		for answer, err := range e.igloo.each(ctx, "tables", call{path: []string{"export", "tables"}, query: query}) {
			if refusedAs(err, http.StatusForbidden) {
				if yield(whole, errPartOnly) {
					e.visible(ctx, w, yield)
				}
				return
			}
			s := whole
			if err == nil {
				s, err = pointed(w, answer)
			}
			if s.kind != "" && !yield(s, err) {
				return
			}
		}
	}
}

// pointed is the table or view that a pointer is of; of no kind for a function.
func pointed(w *htsv1.Warehouse, answer json.RawMessage) (subject, error) {
	s := subject{warehouse: w, pointer: &htsv1.ExportedTable{}}
	if err := decode("exported table", answer, s.pointer); err != nil {
		return subject{warehouse: w, kind: "warehouse"}, err
	}
	key := s.pointer.GetTable().GetKey()
	switch s.pointer.GetTable().GetKind() {
	case htsv1.TableKind_TABLE_KIND_TABLE:
		s.kind = "table"
	case htsv1.TableKind_TABLE_KIND_VIEW:
		s.kind = "view"
	default:
		return s, nil
	}
	levels, err := namespaceName(key.GetDatabaseId()).levels()
	s.identifier = identifier{Namespace: levels, Name: key.GetTableId()}
	return s, err
}

// visible lists namespace by namespace. One that cannot be listed keeps nobody from
// the next.
func (e *examination) visible(ctx context.Context, w *htsv1.Warehouse, yield func(subject, error) bool) {
	l := &listing{warehouseFlag: warehouseFlag{Warehouse: name(w.GetName())}}
	for namespace, err := range l.namespaces(ctx, e.igloo) {
		if err != nil {
			yield(subject{warehouse: w, kind: "warehouse"}, fmt.Errorf("list the namespaces: %w", err))
			return
		}
		for _, kind := range []string{"table", "view"} {
			goOn := true
			l.in(ctx, e.igloo, namespace, kind, func(answer json.RawMessage, err error) bool {
				s, err := shown(w, namespace, kind, answer, err)
				goOn = yield(s, err)
				return goOn
			})
			if !goOn {
				return
			}
		}
	}
}

// shown is one of a list; the namespace itself where that could not be had.
func shown(w *htsv1.Warehouse, namespace namespaceName, kind string, answer json.RawMessage, err error) (subject, error) {
	var of listed
	if err == nil {
		err = json.Unmarshal(answer, &of)
	}
	if err != nil {
		levels, _ := namespace.levels() // it came from the server
		return subject{warehouse: w, kind: "namespace", identifier: identifier{Namespace: levels}}, fmt.Errorf("list the %ss: %w", kind, err)
	}
	return subject{warehouse: w, kind: kind, identifier: of.identifier}, nil
}
