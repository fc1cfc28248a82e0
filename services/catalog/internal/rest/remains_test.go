package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/services/catalog/internal/rest"
)

// gone is a world with a table that was loaded and dropped, where it lay, where its
// requests were signed, and where its last metadata is.
type gone struct {
	*world

	location, sign, metadata string
}

func newGone(t *testing.T, change ...func(*choices)) *gone {
	t.Helper()
	g := &gone{world: withPen(t, change...)}
	g.must(t, "POST", lakeTables, oneColumn)
	loaded := g.must(t, "GET", lakeTables+"/t", "", wants, "remote-signing")
	g.location, g.metadata = locationOf(loaded), loaded["metadata-location"].(string)
	g.sign = signer(t, loaded)
	g.signedFor(t, g.sign)
	return g
}

func locationOf(answer map[string]any) string {
	return answer["metadata"].(map[string]any)["location"].(string)
}

func (g *gone) drop(t *testing.T) {
	t.Helper()
	if r := g.do(t, "DELETE", lakeTables+"/t", ""); r.status != 204 {
		t.Fatalf("drop: %d %s", r.status, r.body)
	}
}

// refusedTo wants a table that is gone to be gone for who asks there.
func (g *gone) refusedTo(t *testing.T, sign string) {
	t.Helper()
	g.refused(t, 404, "NoSuchTableException", "POST", sign, asks("DELETE"))
}

// SG3: who worked with a table may remove its files when it is gone, as Spark does
// after it has dropped it, and add none.
func TestWhatIsLeftMayBeRemoved(t *testing.T) {
	g := newGone(t)
	g.drop(t)
	if got := g.signed(t, g.sign, "write false, remove true"); !slices.Equal(got, []string{g.location}) {
		t.Errorf("signed for %q, the table lay at %s", got, g.location)
	}
	created := g.must(t, "POST", lakeTables, strings.Replace(oneColumn, `"t"`, `"u"`, 1), wants, "remote-signing")
	g.must(t, "POST", lakeTables, oneColumn)
	if got := g.signedFor(t, g.sign); slices.Contains(got, g.location) {
		t.Errorf("with another table under the name, signed for %q", got)
	}
	if r := g.do(t, "DELETE", lakeTables+"/u", ""); r.status != 204 {
		t.Fatalf("drop: %d %s", r.status, r.body)
	}
	if got := g.signed(t, signer(t, created), "write false, remove true"); !slices.Equal(got, []string{locationOf(created)}) {
		t.Errorf("by its maker, signed for %q", got)
	}
}

// SG3: folders beside the location are removed from as long as they are nobody's.
func TestWhatIsLeftElsewhere(t *testing.T) {
	g := newGone(t)
	beside := path.Dir(g.location) + "/beside"
	g.must(t, "POST", lakeTables+"/t", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"write.data.path":"`+beside+`"}}]}`)
	g.sign = signer(t, g.must(t, "GET", lakeTables+"/t", "", wants, "remote-signing"))
	g.drop(t)
	if got := g.signed(t, g.sign, "write false, remove true"); !slices.Equal(got, []string{g.location, beside}) {
		t.Errorf("signed for %q", got)
	}
	g.must(t, "POST", lakeTables, `{"name":"u","location":"`+beside+`/u",`+oneColumn[len(`{"name":"t",`):])
	if got := g.signed(t, g.sign, "write false, remove true"); !slices.Equal(got, []string{g.location}) {
		t.Errorf("with another table there, signed for %q", got)
	}
}

// SG3: nothing is left that anybody else could have.
func TestNothingIsLeftOfWhatIsTaken(t *testing.T) {
	const named = `{"name":"u",`
	rest := oneColumn[len(`{"name":"t",`):]
	for name, take := range map[string]func(t *testing.T, g *gone){
		"another table at its place": func(t *testing.T, g *gone) {
			t.Helper()
			g.drop(t)
			g.must(t, "POST", lakeTables, named+`"location":"`+g.location+`",`+rest)
		},
		"another table in its place": func(t *testing.T, g *gone) {
			t.Helper()
			g.drop(t)
			g.must(t, "POST", lakeTables, named+`"location":"`+g.location+`/data",`+rest)
		},
		"a view at its place": func(t *testing.T, g *gone) {
			t.Helper()
			g.drop(t)
			g.must(t, "POST", "/v1/namespaces/a/views", strings.Replace(createsView("v"), `{"name"`, `{"location":"`+g.location+`","name"`, 1))
		},
		"itself, registered again": func(t *testing.T, g *gone) {
			t.Helper()
			g.drop(t)
			g.must(t, "POST", "/v1/namespaces/a/register", named+`"metadata-location":"`+g.metadata+`"}`)
		},
		"itself, under another name": func(t *testing.T, g *gone) {
			t.Helper()
			g.must(t, "POST", "/v1/tables/rename", `{"source":{"namespace":["a"],"name":"t"},"destination":{"namespace":["a"],"name":"u"}}`)
		},
		"itself, moved and under another name": func(t *testing.T, g *gone) {
			t.Helper()
			g.must(t, "POST", lakeTables+"/t", `{"requirements":[],"updates":[{"action":"set-location","location":"`+path.Dir(g.location)+`/moved"}]}`)
			g.must(t, "POST", "/v1/tables/rename", `{"source":{"namespace":["a"],"name":"t"},"destination":{"namespace":["a"],"name":"u"}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGone(t)
			take(t, g)
			g.refusedTo(t, g.sign)
		})
	}
	t.Run("where tables may overlap", func(t *testing.T) {
		g := newGone(t, func(c *choices) { c.settings.OverlappingLocations = true })
		g.drop(t)
		g.refusedTo(t, g.sign)
	})
}

// SG3: a ticket is good for one table, one kind of use, and one key.
func TestTicketsOfOthers(t *testing.T) {
	g := newGone(t)
	stage := strings.Replace(oneColumn, `{"name":"t"`, `{"stage-create":true,"name":"s"`, 1)
	staged := signer(t, g.must(t, "POST", lakeTables, stage, wants, "remote-signing"))
	g.drop(t)
	bare, ticket, _ := strings.Cut(g.sign, "?loaded=")
	_, other, _ := strings.Cut(staged, "?staged=")
	for what, sign := range map[string]string{
		"none":                   bare,
		"nonsense":               bare + "?loaded=x",
		"cut":                    g.sign[:len(g.sign)-1],
		"of another table":       strings.Replace(bare, "/t/", "/u/", 1) + "?loaded=" + ticket,
		"of one in the making":   strings.Replace(bare, "/t/", "/s/", 1) + "?loaded=" + other,
		"of one, and of another": bare + "?loaded=" + other,
	} {
		t.Run(what, func(t *testing.T) { g.refusedTo(t, sign) })
	}
	for what, sign := range map[string]string{
		"of a table that is gone, to make it": bare + "?staged=" + ticket,
		"twice":                               g.sign + "&loaded=" + ticket,
	} {
		t.Run(what, func(t *testing.T) {
			g.refused(t, 400, "BadRequestException", "POST", sign, asks("DELETE"))
		})
	}
	replica := &gone{world: g.replica(t, func(c *choices) { c.options = rest.Options{Signers: pen{}, SignerKey: []byte("another key")} })}
	replica.refusedTo(t, g.sign)
}

// T4: a client that asks whether it has the newest table asks for it anew before its
// ticket ends.
func TestTicketsAreRenewed(t *testing.T) {
	g := newGone(t)
	tag := g.do(t, "GET", lakeTables+"/t", "", wants, "remote-signing").header.Get("ETag")
	var until int64
	if _, end, found := strings.Cut(strings.Trim(tag, `"`), "."); !found {
		t.Fatalf("tag %s has no end", tag)
	} else if _, err := fmt.Sscanf(end, "%x", &until); err != nil || until == 0 {
		t.Fatalf("tag %s: %v", tag, err)
	}
	if r := g.do(t, "GET", lakeTables+"/t", "", wants, "remote-signing", "If-None-Match", tag); r.status != 304 {
		t.Errorf("%d, want 304", r.status)
	}
}

// SG3: nobody else removes what somebody worked with.
func TestTicketsOfOtherPrincipals(t *testing.T) {
	g := newGone(t)
	as := func(name string) *gone {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.handler.ServeHTTP(w, r.WithContext(authn.With(r.Context(), authn.Identity{Issuer: "corp", Subject: name})))
		}))
		t.Cleanup(server.Close)
		return &gone{world: &world{url: server.URL, handler: server.Config.Handler, hts: g.hts, folder: g.folder}}
	}
	alice, bob := as("alice"), as("bob")
	sign := signer(t, alice.must(t, "GET", lakeTables+"/t", "", wants, "remote-signing"))
	g.drop(t)
	if got := alice.signed(t, sign, "write false, remove true"); !slices.Equal(got, []string{g.location}) {
		t.Errorf("signed for %q", got)
	}
	bob.refusedTo(t, sign)
	g.refusedTo(t, sign)
}
