package rest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
)

// L4: a namespace of 100,000 tables, in pages that never hold more than they
// should: each name once, in order, whatever size was asked for.
func TestManyTables(t *testing.T) {
	const tables, batch = 100_000, 10_000
	w := newWorld(t)
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	pointers := hts.New(w.hts.Conn())
	for first := 0; first < tables; first += batch {
		commit := catalog.Commit{Warehouse: "default", Records: []catalog.Record{{Operation: catalog.Operation{ID: uuid.New(), Fingerprint: []byte{1}, Kind: "test"}}}}
		for i := first; i < first+batch; i++ {
			commit.Changes = append(commit.Changes, catalog.CreatePointer{
				Identifier: catalog.TableIdentifier{Namespace: catalog.Namespace{"n"}, Name: fmt.Sprintf("t%05d", i)}, Kind: catalog.TableKind, MetadataLocation: "m",
			})
		}
		if verdict, err := pointers.Commit(t.Context(), commit); err != nil || len(verdict.Conflicts) > 0 {
			t.Fatalf("%+v, %v", verdict, err)
		}
	}
	seen, token := 0, ""
	for pages := 0; pages == 0 || token != ""; pages++ {
		page := w.must(t, "GET", "/v1/namespaces/n/tables?pageSize=50000&pageToken="+token, "")
		names, _ := page["identifiers"].([]any)
		if len(names) == 0 || len(names) > 1000 {
			t.Fatalf("page %d has %d names", pages, len(names))
		}
		for _, name := range names {
			if want := fmt.Sprintf("t%05d", seen); text(name, "name") != want {
				t.Fatalf("%v, want %s", name, want)
			}
			seen++
		}
		token = text(page, "next-page-token")
	}
	if seen != tables {
		t.Errorf("%d tables were listed", seen)
	}
}

// FuzzIdentifiers creates a table of any name in a namespace of any two levels,
// and asks for it in the spellings of Java, Python and Go.
func FuzzIdentifiers(f *testing.F) {
	for _, name := range []string{"a", "a b", "a+b", "a/b", "a%2Fb", "a%", "é", "?#&=;", "\u2028", ".a", "%1F"} {
		f.Add(name, "b", "t")
		f.Add("a", name, "t")
		f.Add("a", "b", name)
	}
	f.Fuzz(func(t *testing.T, outer, inner, name string) {
		if !utf8.ValidString(outer + inner + name) {
			return // JSON cannot carry it
		}
		w := newWorld(t)
		for _, levels := range []string{quote(outer), quote(outer) + "," + quote(inner)} {
			if w.do(t, "POST", "/v1/namespaces", `{"namespace":[`+levels+`]}`).status == http.StatusBadRequest {
				return
			}
		}
		java := url.QueryEscape
		python := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
		golang := func(s string) string { return strings.ReplaceAll(url.PathEscape(s), "+", "%2B") }
		namespace := java(outer) + "%1F" + java(inner)
		if w.do(t, "POST", "/v1/namespaces/"+namespace+"/tables", `{"name":`+quote(name)+`,"schema":`+schema+`}`).status == http.StatusBadRequest {
			return
		}
		for _, escape := range []func(string) string{java, python, golang} {
			for _, namespace := range []string{escape(outer) + "%1F" + escape(inner), escape(outer + "\x1f" + inner)} {
				w.must(t, "GET", "/v1/namespaces/"+namespace+"/tables/"+escape(name), "")
			}
		}
		listed := w.must(t, "GET", "/v1/namespaces/"+namespace+"/tables", "")["identifiers"].([]any)
		if len(listed) != 1 || text(listed[0], "name") != name {
			t.Errorf("%q came back as %v", name, listed)
		}
	})
}
