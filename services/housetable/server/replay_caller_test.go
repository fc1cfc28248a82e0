package server_test

import (
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// TestKeysAreTheirCallers: a key answers again whoever used it first, whichever
// token they have by then, and nobody else who sends the same.
func TestKeysAreTheirCallers(t *testing.T) {
	p := idptest.New(t)
	who, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: p.URL, Audiences: []string{"igloo"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			_, url := serveAs(t, server.Config{DatabaseURL: database, Who: who, Access: authz.Authorization{Authorization: authz.ByNothing}})
			const body = `{"namespace":{"databaseId":"n"}}`
			create := func(by idptest.Claims) (int, string) {
				return send(t, "POST", url+"/hts/namespaces", body, keyOf(1), "Authorization", "Bearer "+p.Token(t, by))
			}
			first, answer := create(nil)
			if first != 201 {
				t.Fatalf("alice: %d %s", first, answer)
			}
			if status, again := create(idptest.Claims{"groups": nil}); status != first || again != answer {
				t.Errorf("alice again: %d %s, first %d %s", status, again, first, answer)
			}
			if status, other := create(idptest.Claims{"sub": "bob"}); status != 400 || !strings.Contains(other, "somebody else") {
				t.Errorf("bob with alice's key: %d %s", status, other)
			}
		})
	}
}
