package rest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// RG2: metadata in the roots that places its files elsewhere is not registered:
// clients would be given keys to that place, and its files be purged.
func TestRegisteredPlaces(t *testing.T) {
	w := withTable(t)
	location := text(w.must(t, "GET", table, ""), "metadata-location")
	data, err := os.ReadFile(strings.TrimPrefix(location, "file://"))
	check(t, err)
	w.must(t, "DELETE", table, "")
	for name, change := range map[string]func(d map[string]any){
		"location outside":   func(d map[string]any) { d["location"] = "file:///etc/x" },
		"location above":     func(d map[string]any) { d["location"] = "file://" + filepath.Dir(w.folder) },
		"location with dots": func(d map[string]any) { d["location"] = "file://" + w.folder + "/a/../../x" },
		"location elsewhere": func(d map[string]any) { d["location"] = "s3://bucket/x" },
		"no location":        func(d map[string]any) { d["location"] = "" },
		"location outside, metadata not": func(d map[string]any) {
			d["location"], d["properties"] = "file:///etc/x", map[string]string{"write.metadata.path": "file://" + w.folder + "/x"}
		},
		"metadata path outside": func(d map[string]any) { d["properties"] = map[string]string{"write.metadata.path": "/etc"} },
	} {
		t.Run(name, func(t *testing.T) {
			var d map[string]any
			check(t, json.Unmarshal(data, &d))
			change(d)
			changed, err := json.Marshal(d)
			check(t, err)
			file := filepath.Join(w.folder, strings.ReplaceAll(name, " ", "-")+".metadata.json")
			check(t, os.WriteFile(file, changed, 0o600))
			w.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces/n/register", `{"name":"r","metadata-location":"file://`+file+`"}`)
		})
	}
	w.must(t, "POST", "/v1/namespaces/n/register", `{"name":"r","metadata-location":"`+location+`"}`)
}

// D1: who registers a table is given access to it, and to no view.
func TestWhoRegistersGetsAKey(t *testing.T) {
	w, k := withKeys(t, time.Hour)
	file := text(w.must(t, "POST", lakeTables, oneColumn), "metadata-location")
	w.must(t, "DELETE", lakeTables+"/t", "")
	registered := w.must(t, "POST", "/v1/namespaces/a/register", `{"name":"r","metadata-location":"`+file+`"}`, wants, vended)
	if registered["storage-credentials"] == nil {
		t.Error("who registered it has no key")
	}
	before := k.given.Load()
	w.must(t, "POST", "/v1/namespaces/a/views", createsView("v"), wants, vended)
	got := w.do(t, "GET", "/v1/namespaces/a/views/v", "", wants, vended)
	if k.given.Load() != before || strings.Contains(string(got.body), "secret") {
		t.Errorf("a view: %s", got.body)
	}
	for _, query := range []string{"planId=x", "referenced-by=a%1Fv", "planId=x&referenced-by=a%1Fv"} {
		if r := w.do(t, "GET", lakeTables+"/r/credentials?"+query, ""); r.status != 200 {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
}
