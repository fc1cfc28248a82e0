package vend_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// refusing is a server that answers everything with one status.
func refusing(t *testing.T, status int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(server.Close)
	return server.URL
}
