package gcstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// maxBody bounds what is read of an upload to find out what it writes.
const maxBody = 64 << 20

// want is what a request is about to do.
type want struct {
	bucket, object string // or the prefix, of a list
	list, write    bool
}

// door lets through to a server what tokens allow: the server knows no tokens.
type door struct {
	server *httptest.Server
	proxy  atomic.Pointer[httputil.ReverseProxy]
}

func guard(t testing.TB, tokens *tokens) *door {
	t.Helper()
	d := &door{}
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := judge(r, tokens); status != http.StatusOK {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":"refused"}}`, status)
			return
		}
		d.proxy.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(d.server.Close)
	return d
}

// URL is where the door is.
func (d *door) URL() string { return d.server.URL }

// lead opens the door to a server.
func (d *door) lead(t testing.TB, target string) {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	d.proxy.Store(httputil.NewSingleHostReverseProxy(to))
}

func judge(r *http.Request, tokens *tokens) int {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.URL.Query().Has("upload_id") { // of an upload whose beginning was allowed
		return http.StatusOK
	}
	w, err := wanted(r)
	if err != nil {
		return http.StatusBadRequest
	}
	switch known, allowed := tokens.opens(token, w); {
	case !known:
		return http.StatusUnauthorized
	case !allowed:
		return http.StatusForbidden
	}
	return http.StatusOK
}

// wanted is what a request of the JSON protocol is about to do.
func wanted(r *http.Request) (w want, err error) {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.EscapedPath(), "/download"), "/upload")
	path, found := strings.CutPrefix(path, "/storage/v1/b/")
	parts := strings.SplitN(path, "/", 3)
	if !found || len(parts) < 2 || parts[1] != "o" {
		return want{}, errors.New("not about objects")
	}
	w = want{bucket: parts[0], write: r.Method != http.MethodGet}
	switch {
	case len(parts) == 3:
		w.object, err = url.PathUnescape(parts[2])
	case r.Method == http.MethodGet:
		w.list, w.object = true, r.URL.Query().Get("prefix")
	case r.URL.Query().Has("name"):
		w.object = r.URL.Query().Get("name")
	default:
		w.object, err = nameInBody(r)
	}
	return w, err
}

// nameInBody is the name in the first part of an upload, which is put back.
func nameInBody(r *http.Request) (string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	first := io.Reader(bytes.NewReader(body))
	if kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && strings.HasPrefix(kind, "multipart/") {
		if first, err = multipart.NewReader(first, parameters["boundary"]).NextPart(); err != nil {
			return "", err
		}
	}
	var object struct {
		Name string `json:"name"`
	}
	err = json.NewDecoder(first).Decode(&object)
	return object.Name, err
}
