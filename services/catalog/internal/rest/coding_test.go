package rest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// decoded is the body without its coding.
func (r response) decoded(t *testing.T) string {
	t.Helper()
	var reader io.Reader = bytes.NewReader(r.body)
	var err error
	switch coding := r.header.Get("Content-Encoding"); coding {
	case "gzip":
		reader, err = gzip.NewReader(reader)
	case "zstd":
		reader, err = zstd.NewReader(reader)
	case "":
	default:
		t.Fatalf("coding %q", coding)
	}
	check(t, err)
	data, err := io.ReadAll(reader)
	check(t, err)
	return string(data)
}

// A client gets the coding that it likes best, under a tag of its own.
func TestCodings(t *testing.T) {
	w := withTable(t)
	want := w.do(t, "GET", table, "", "Accept-Encoding", "identity")
	tags := map[string]string{"": want.header.Get("ETag")}
	for accepted, coding := range map[string]string{
		"identity": "", "br": "", "gzip;q=0": "", "*;q=0": "", "gzip;q=x": "", "gzip;q=0.2, identity;q=0.5": "", "gzip;q=7": "",
		"gzip": "gzip", "GZIP": "gzip", "x-gzip": "gzip", "gzip, deflate": "gzip", "zstd;q=0.5, gzip": "gzip", "gzip , zstd;q=0": "gzip", "gzip, x-gzip, deflate": "gzip",
		"zstd": "zstd", "gzip, deflate, br, zstd": "zstd", "*": "zstd", "identity, zstd": "zstd", "br;q=1.0, gzip;q=0.5, *;q=0.7": "zstd",
	} {
		for range 2 { // the second is from the cache
			r := w.do(t, "GET", table, "", "Accept-Encoding", accepted)
			if got := r.header.Get("Content-Encoding"); got != coding || r.decoded(t) != string(want.body) || r.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%q: %v %s", accepted, r.header, r.body)
			}
			if tag, seen := tags[coding]; seen && tag != r.header.Get("ETag") {
				t.Errorf("%q: tag %s, before %s", accepted, r.header.Get("ETag"), tag)
			}
			tags[coding] = r.header.Get("ETag")
		}
	}
	if tags[""] == tags["gzip"] || tags["gzip"] == tags["zstd"] || tags[""] == tags["zstd"] {
		t.Errorf("tags: %v", tags)
	}
	for coding, tag := range tags {
		if r := w.do(t, "GET", table, "", "If-None-Match", tag, "Accept-Encoding", "gzip"); r.status != 304 || r.header.Get("ETag") != tags["gzip"] || r.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v", coding, r.status, r.header)
		}
	}
	opaque := strings.TrimSuffix(tags[""], `"`)
	for _, other := range []string{opaque, opaque + `-"`, opaque + `-br"`, opaque + `"x`, opaque[1:] + `"`} {
		if r := w.do(t, "GET", table, "", "If-None-Match", other); r.status != 200 {
			t.Errorf("%s: %d", other, r.status)
		}
	}
}

// What is kept compressed is of one version and one representation.
func TestCodedAnswersAreOfWhatIs(t *testing.T) {
	for name, size := range map[string]int64{"kept": 0, "too large to keep": 1} {
		t.Run(name, func(t *testing.T) {
			w := withTable(t, func(c *choices) { c.options.CodedBytes = size })
			for i := range 3 {
				committed := w.do(t, "POST", table, setProperty("k", fmt.Sprint(i)), "Accept-Encoding", "zstd")
				if body := committed.decoded(t); committed.header.Get("Content-Encoding") != "zstd" || !strings.Contains(body, fmt.Sprintf(`"k":"%d"`, i)) || strings.Contains(body, `"config"`) {
					t.Errorf("commit: %s", body)
				}
				w.must(t, "POST", table, appends(int64(i+1), int64(i), fmt.Sprintf("file:///m%d", i)))
				for mode, snapshots := range map[string]int{"all": i + 1, "refs": 1} {
					body := w.do(t, "GET", table+"?snapshots="+mode, "", "Accept-Encoding", "gzip").decoded(t)
					if n := strings.Count(body, `"manifest-list"`); n != snapshots || !strings.Contains(body, fmt.Sprintf(`"k":"%d"`, i)) || !strings.HasSuffix(body, `"config":{}}`) {
						t.Errorf("%s: %d snapshots: %s", mode, n, body)
					}
				}
			}
		})
	}
}

func TestSmallAnswersGoAsTheyAre(t *testing.T) {
	w := newWorld(t)
	for path, coding := range map[string]string{"/v1/namespaces": "", "/v1/namespaces/x": "", "/v1/config": "gzip"} {
		r := w.do(t, "GET", path, "", "Accept-Encoding", "gzip")
		if r.header.Get("Content-Encoding") != coding || r.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v", path, r.header)
		}
	}
}

func gzipOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	check(t, err)
	check(t, w.Close())
	return b.String()
}

// A body may come compressed; the limit holds for what it is, not for what was sent.
func TestCompressedRequests(t *testing.T) {
	w := newWorld(t, func(c *choices) { c.options.BodyLimit = 1000 })
	body := `{"namespace":["a"]}`
	w.must(t, "POST", "/v1/namespaces", gzipOf(t, body), "Content-Encoding", "gzip", "Idempotency-Key", keyA)
	w.must(t, "POST", "/v1/namespaces", body, "Content-Encoding", "identity", "Idempotency-Key", keyA)
	for name, test := range map[string]struct {
		coding, body string
		status       int
		kind         string
	}{
		"bomb":       {"gzip", gzipOf(t, `{"namespace":["b"],"x":"`+strings.Repeat("x", 1<<20)+`"}`), 413, "RequestTooLargeException"},
		"at limit":   {"gzip", gzipOf(t, `{"namespace":["a"],"x":"`+strings.Repeat("x", 1000-26)+`"}`), 409, "AlreadyExistsException"},
		"over limit": {"gzip", gzipOf(t, `{"namespace":["a"],"x":"`+strings.Repeat("x", 1000-25)+`"}`), 413, "RequestTooLargeException"},
		"cut short":  {"gzip", gzipOf(t, body)[:20], 400, "BadRequestException"},
		"not gzip":   {"GZIP", body, 400, "BadRequestException"},
		"empty":      {"gzip", "", 400, "BadRequestException"},
		"unknown":    {"br", body, 400, "BadRequestException"},
		"twice":      {"gzip, gzip", gzipOf(t, gzipOf(t, body)), 400, "BadRequestException"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, test.status, test.kind, "POST", "/v1/namespaces", test.body, "Content-Encoding", test.coding)
		})
	}
}
