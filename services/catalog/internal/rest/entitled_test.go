package rest_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/services/catalog/catalogtest"
)

const eNamespaces = "/v1/default/namespaces"

// Every route is among the entitlements, but for those that give the same answer to
// everybody.
func TestEveryRouteHasItsEntitlement(t *testing.T) {
	w := newSilentWorld(t, planning(t), delegating)
	known := map[string]bool{}
	for _, e := range catalogtest.Requests() {
		known[e.Endpoint] = true
	}
	endpoints, _ := w.must(t, "GET", "/v1/config", "")["endpoints"].([]any)
	for _, e := range append(endpoints, "GET /v1/config") {
		if !known[e.(string)] {
			t.Errorf("%s: it is not said what it takes", e)
		}
	}
	for path, status := range map[string]int{"/v1/oauth/tokens": 406, "/v1/aws/s3/sign": 400} {
		if r := w.do(t, "POST", path, "{}"); r.status != status {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

// delegating makes a world that gives out keys and signatures.
func delegating(c *choices) {
	c.options.Delegation, c.options.Signers, c.options.SignerKey = &keys{life: 1 << 40}, pen{}, []byte("of a test")
}
