package e2e_test

import (
	"net/http"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestAKeyIsAnsweredOnce sends each request twice under one Idempotency-Key: the
// second changes nothing and gets the first one's answer.
func TestAKeyIsAnsweredOnce(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			for _, c := range []struct{ name, key, method, path, body string }{
				{"create namespace", "019aa1b2-0000-7000-8000-000000000001", http.MethodPost, "/v1/namespaces", `{"namespace":["r"]}`},
				{"create table", "019aa1b2-0000-7000-8000-000000000002", http.MethodPost, "/v1/namespaces/r/tables", `{"name":"t","schema":` + oneColumn + `}`},
				{"commit", "019aa1b2-0000-7000-8000-000000000003", http.MethodPost, "/v1/namespaces/r/tables/t", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"1"}}]}`},
				{"drop table", "019aa1b2-0000-7000-8000-000000000004", http.MethodDelete, "/v1/namespaces/r/tables/t", ""},
				{"drop namespace", "019aa1b2-0000-7000-8000-000000000005", http.MethodDelete, "/v1/namespaces/r", ""},
			} {
				status, body := ask(t, c.method, d.URL+c.path, c.body, "Idempotency-Key", c.key)
				if status >= http.StatusBadRequest {
					t.Fatalf("%s: %d %s", c.name, status, body)
				}
				againStatus, againBody := ask(t, c.method, d.URL+c.path, c.body, "Idempotency-Key", c.key)
				if againStatus != status || againBody != body {
					t.Errorf("%s: first %d %s\nagain %d %s", c.name, status, body, againStatus, againBody)
				}
			}
		})
	}
}

// TestAKeyBelongsToOneRequest refuses another request under a key that was used.
func TestAKeyBelongsToOneRequest(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			const key = "019aa1b2-0000-7000-8000-000000000009"
			if status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", key); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			if status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["b"]}`, "Idempotency-Key", key); status != http.StatusBadRequest {
				t.Errorf("another request under the key: %d %s", status, body)
			}
			if status, body := ask(t, http.MethodGet, d.URL+"/v1/namespaces/b", ""); status != http.StatusNotFound {
				t.Errorf("the refused request did something: %d %s", status, body)
			}
		})
	}
}
