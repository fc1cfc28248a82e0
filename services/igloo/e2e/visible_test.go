package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// crowd is a catalog that random people have random rights in. What holds for each of
// them is asked of the two surfaces alone.
type crowd struct {
	t      *testing.T
	d      *iglootest.Deployment
	random *rand.Rand
	tokens map[string]string
	// policies says that they decide, not grants alone.
	policies bool
	// granted are all grants that are in force.
	granted []string
}

const crowdLag = 500 * time.Millisecond

func newCrowd(t *testing.T, shape iglootest.Shape, settings ...string) *crowd {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p := idptest.New(t)
	c := &crowd{t: t, random: rand.New(rand.NewPCG(seed, 0)), tokens: map[string]string{}}
	for name, groups := range map[string][]string{"owner": {}, "ann": {"left"}, "ben": {"left", "right"}, "cat": {"right"}, "dan": {}} {
		c.tokens[name] = "Bearer " + p.Token(t, idptest.Claims{"sub": name, "groups": groups})
	}
	c.d = shape.StartGuarded(t, p, append(settings, "--authorization-lag", crowdLag.String())...)
	for _, role := range []string{"one", "two"} {
		c.must("owner", http.MethodPost, c.d.HTS+"/hts/access/roles", `{"role":{"name":"`+role+`"}}`)
	}
	return c
}

func (c *crowd) people() []string { return []string{"ann", "ben", "cat", "dan"} }

func (c *crowd) ask(who, method, at, body string) (int, string) {
	c.t.Helper()
	return ask(c.t, method, at, body, "Authorization", c.tokens[who])
}

// must is ask for what is no server's fault, and decodes what was answered.
func (c *crowd) must(who, method, at, body string) (int, map[string]any) {
	c.t.Helper()
	var status int
	var text string
	until(c.t, method+" "+at, func() bool { // on a machine that is too slow to know who may do what
		status, text = c.ask(who, method, at, body)
		return status != http.StatusServiceUnavailable
	})
	if status >= http.StatusInternalServerError {
		c.t.Fatalf("%s %s by %s: %d %s", method, at, who, status, text)
	}
	var answer map[string]any
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			c.t.Fatalf("%s: %v", text, err)
		}
	}
	return status, answer
}

func one[T any](c *crowd, of ...T) T { return of[c.random.IntN(len(of))] }

// The names are few, so that they meet, and differ by what patterns of SQL take for
// anything.
func (c *crowd) name() string { return one(c, "a", "b", "a_b", "axb", "a%b") }

// namespaces are all there are, by their levels.
func (c *crowd) namespaces() [][]string {
	c.t.Helper()
	all := [][]string{}
	for at := [][]string{nil}; len(at) > 0; at = at[1:] {
		below := c.listed("owner", at[0], "namespaces")
		for _, name := range below {
			ns := append(slices.Clone(at[0]), name)
			all, at = append(all, ns), append(at, ns)
		}
	}
	return all
}

// path is where a namespace is, and the list of those at the top without levels.
func (c *crowd) path(ns []string) string {
	at := c.d.URL + "/v1/default/namespaces"
	if len(ns) == 0 {
		return at
	}
	return at + "/" + url.PathEscape(strings.Join(ns, "\x1f"))
}

// listed are the names of one kind in a namespace, in pages of random sizes; nil if
// the list is refused.
func (c *crowd) listed(who string, ns []string, kind string) []string {
	c.t.Helper()
	at, query := c.path(ns)+"/"+kind, url.Values{}
	if kind == "namespaces" {
		at = c.path(nil)
		if len(ns) > 0 {
			query.Set("parent", strings.Join(ns, "\x1f"))
		}
	}
	names, paged := []string{}, c.random.IntN(4) > 0
	for token := ""; ; {
		if paged {
			query.Set("pageSize", fmt.Sprint(1+c.random.IntN(3)))
			query.Set("pageToken", token)
		}
		status, page := c.must(who, http.MethodGet, at+"?"+query.Encode(), "")
		if status == http.StatusForbidden {
			return nil
		}
		if status != http.StatusOK {
			c.t.Fatalf("%s?%s by %s: %d", at, query.Encode(), who, status)
		}
		names = append(names, namesIn(page)...)
		if token, _ = page["next-page-token"].(string); token == "" {
			return names
		}
	}
}

// namesIn are those of a page of namespaces, or of tables or views.
func namesIn(page map[string]any) []string {
	rows := append(list(page["namespaces"]), list(page["identifiers"])...)
	names := make([]string, len(rows))
	for i, row := range rows {
		if levels := list(row); len(levels) > 0 {
			names[i] = levels[len(levels)-1].(string)
			continue
		}
		names[i] = row.(map[string]any)["name"].(string)
	}
	return names
}

func list(v any) []any {
	rows, _ := v.([]any)
	return rows
}
