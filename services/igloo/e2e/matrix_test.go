package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// matrix is a deployment that every cell is asked of.
type matrix struct {
	*iglootest.Deployment

	corp, tenants *idptest.Provider
	owner         []string
	folder        string
	// requests are to the routes that are served there.
	requests []catalogtest.Request
}

// fewest is how many requests a deployment serves that has no store to give keys to.
const fewest = 35

func startMatrix(t *testing.T, shape iglootest.Shape) *matrix {
	t.Helper()
	m := &matrix{corp: idptest.New(t), tenants: idptest.New(t), folder: t.TempDir()}
	m.Deployment = shape.StartGuarded(t, m.corp, "--auth-issuer", "tenants="+m.tenants.URL, "--authorization-lag", "500ms", "--concurrent-requests", "64")
	m.owner = []string{"Authorization", "Bearer " + m.corp.Token(t, idptest.Claims{"sub": "owner"})}
	_, body := ask(t, http.MethodGet, m.URL+"/v1/config", "", m.owner...)
	for _, r := range catalogtest.Requests() {
		served := strings.Contains(body, `"`+r.Endpoint+`"`) || r.Endpoint == "GET /v1/config"
		if served && !strings.HasSuffix(r.Endpoint, "/sign") { // of files on a disk nothing is signed
			m.requests = append(m.requests, r)
		}
	}
	if len(m.requests) < fewest {
		t.Fatalf("%d requests are served, of %d: %s", len(m.requests), len(catalogtest.Requests()), body)
	}
	return m
}

// must is what the owner asks for, of which nothing fails.
func (m *matrix) must(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	status, text := ask(t, method, m.URL+path, body, m.owner...)
	if status >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	var answer map[string]any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return answer
}

// scene is one of its own for a cell that changes something, and else the first.
func (m *matrix) scene(t *testing.T, c catalogtest.Cell, first catalogtest.Scene, name string) catalogtest.Scene {
	t.Helper()
	if c.Reads() || c.Want() == http.StatusForbidden {
		return first
	}
	return c.Prepare(t, name, m.folder, func(method, path, body string) map[string]any { return m.must(t, method, path, body) })
}

// ofServer is 1 for what is granted on the server: it is given by itself.
func ofServer(grant string) int { return strings.Count(grant, `"server"`) }

// give grants to each of the cells' people what they have.
func (m *matrix) give(t *testing.T, grants []string) {
	t.Helper()
	slices.SortFunc(grants, func(a, b string) int { return cmp.Compare(ofServer(a), ofServer(b)) })
	first := slices.IndexFunc(grants, func(grant string) bool { return ofServer(grant) > 0 })
	if first > 0 {
		m.give(t, grants[:first])
		grants = grants[first:]
	}
	for some := range slices.Chunk(grants, 100) {
		body := `{"grants":[` + strings.Join(some, ",") + `]}`
		if status, text := ask(t, http.MethodPost, m.HTS+"/hts/access/grants", body, m.owner...); status != http.StatusNoContent {
			t.Fatalf("grants: %d %s", status, text)
		}
	}
}

// settle waits until what was granted before is decided by.
func (m *matrix) settle(t *testing.T) {
	t.Helper()
	for who, object := range map[string]string{"last": `{"kind":"warehouse","warehouse":"default"}`, "least": `{"kind":"server"}`} {
		m.give(t, []string{`{"object":` + object + `,"grantee":"user:corp:` + who + `","privilege":"list"}`})
		token := m.corp.Token(t, idptest.Claims{"sub": who})
		until(t, "the last grants are decided by", func() bool {
			status, _ := ask(t, http.MethodGet, m.URL+"/v1/config", "", "Authorization", "Bearer "+token)
			return status == http.StatusOK
		})
	}
}

// TestMatrixOfPrograms: the matrix of the catalog by itself holds of the programs too:
// each request that they serve, by who has exactly one privilege at one level.
func TestMatrixOfPrograms(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			m := startMatrix(t, shape)
			cells, grants := m.cells(t)
			m.give(t, grants)
			m.settle(t)
			each(cells, func(c sender) {
				status, body := m.ask(t, c.Request, c.Scene, m.corp.Token(t, idptest.Claims{"sub": c.who}))
				if status != c.Want() {
					t.Errorf("%s, by who may %s on the %s: %d %s, want %d", c.Name, c.Privilege, c.At.Kind(), status, body, c.Want())
				}
				if status == http.StatusForbidden && c.Method != http.MethodHead && !strings.Contains(body, "corp:"+c.who+" may not ") {
					t.Errorf("%s: %s", c.Name, body)
				}
			})
		})
	}
}

// sender is a cell with who sends it.
type sender struct {
	catalogtest.Cell

	who string
}

// cells are those of every request, and the grants that they are by.
func (m *matrix) cells(t *testing.T) (cells []sender, grants []string) {
	t.Helper()
	for i, r := range m.requests {
		first := r.Prepare(t, fmt.Sprint("r", i), m.folder, func(method, path, body string) map[string]any { return m.must(t, method, path, body) })
		for j, c := range r.Cells() {
			name := fmt.Sprintf("r%dc%d", i, j)
			c.Scene = m.scene(t, c, first, name)
			object, err := protojson.Marshal(c.At.Granted(c.Scene))
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, sender{c, name})
			grants = append(grants, fmt.Sprintf(`{"object":%s,"grantee":"user:corp:%s","privilege":%q}`, object, name, c.Privilege))
		}
	}
	return cells, grants
}

// ask sends a request.
func (m *matrix) ask(t *testing.T, r catalogtest.Request, s catalogtest.Scene, token string) (int, string) {
	t.Helper()
	if token == "" {
		return ask(t, r.Method, m.URL+r.PathIn(s), r.BodyIn(s))
	}
	return ask(t, r.Method, m.URL+r.PathIn(s), r.BodyIn(s), "Authorization", "Bearer "+token)
}

// each does something for all of them, some at once.
func each[T any](all []T, do func(T)) {
	var group sync.WaitGroup
	defer group.Wait()
	room := make(chan struct{}, 8)
	for _, one := range all {
		room <- struct{}{}
		group.Go(func() { do(one); <-room })
	}
}

// TestTokensOfPrograms: of what the programs serve nothing is done for who has no token,
// or one that proves nothing; nor for who has their rights elsewhere.
func TestTokensOfPrograms(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			m := startMatrix(t, shape)
			if status, body := ask(t, http.MethodPost, m.HTS+"/hts/warehouses", `{"warehouse":{"name":"elsewhere"}}`, m.owner...); status != http.StatusCreated {
				t.Fatalf("%d %s", status, body)
			}
			m.give(t, []string{`{"object":{"kind":"warehouse","warehouse":"elsewhere"},"grantee":"user:corp:tenant","privilege":"own"}`})
			m.settle(t)
			scenes := make([]catalogtest.Scene, len(m.requests))
			for i, r := range m.requests {
				scenes[i] = r.Prepare(t, fmt.Sprint("r", i), m.folder, func(method, path, body string) map[string]any { return m.must(t, method, path, body) })
			}
			for _, s := range m.strangers(t) {
				for i, r := range m.requests {
					if status, body := m.ask(t, r, scenes[i], s.token); status != s.status {
						t.Errorf("%s, by %s: %d %s, want %d", r.Name, s.name, status, body, s.status)
					}
				}
				for _, r := range overHTS() {
					if status, body := s.send(t, m, r); status != s.status {
						t.Errorf("%s %s, by %s: %d %s, want %d", r.method, r.path, s.name, status, body, s.status)
					}
				}
			}
		})
	}
}
