package rest_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

// I6: a request is the same in any spelling that sending it again may give it.
func TestSpellingsOfOneRequest(t *testing.T) {
	w := withTable(t)
	sent := wire{"POST", table, `{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"1","b":"é"}}]}`}
	first := w.under(t, keyA, sent)
	for name, again := range map[string]wire{
		"order":          {"POST", table, `{"updates":[{"updates":{"b":"é","a":"1"},"action":"set-properties"}],"requirements":[]}`},
		"white space":    {"POST", table, " {\n\"requirements\" : [ ],\t\"updates\":[{\"action\":\"set-properties\",\"updates\":{\"a\":\"1\",\"b\":\"é\"}}]}\r\n"},
		"escapes":        {"POST", table, `{"requirements":[],"updates":[{"action":"set\u002dproperties","updates":{"\u0061":"1","b":"\u00E9"}}]}`},
		"prefix":         {"POST", "/v1/default/namespaces/n/tables/t", sent.body},
		"escaped path":   {"POST", "/v1/namespaces/%6E/tables/%74", sent.body},
		"the key's case": {"POST", table, sent.body},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, name, first, w.under(t, keyA, again), w.under(t, strings.ToUpper(keyA), again))
		})
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(sent.body))
	check(t, err)
	check(t, z.Close())
	same(t, "gzip", first, w.do(t, sent.method, sent.path, zipped.String(), "Idempotency-Key", keyA, "Content-Encoding", "gzip"))
}

// Ids are of 63 bits, and numbers are what they are spelled as: what a client
// sends again has not changed them.
func TestRequestsThatAreNotTheSame(t *testing.T) {
	w := withTable(t)
	pattern := `{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"1"}}],"x":[VALUE]}`
	of := func(value string) wire { return wire{"POST", table, strings.Replace(pattern, "VALUE", value, 1)} }
	if r := w.under(t, keyA, of("9007199254740993,1,true,null")); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for _, value := range []string{
		"9007199254740992,1,true,null", "9007199254740993,1.0,true,null", "9007199254740993,1e0,true,null", `9007199254740993,"1",true,null`,
		"1,9007199254740993,true,null", "9007199254740993,1,true", "9007199254740993,1,false,null",
	} {
		if r := w.under(t, keyA, of(value)); r.status != 400 || !strings.Contains(string(r.body), "Idempotency-Key") {
			t.Errorf("%s: %d %s", value, r.status, r.body)
		}
	}
}

// In another warehouse a key is another key: what one tenant did tells another nothing.
func TestAKeyIsOfOneWarehouse(t *testing.T) {
	w := withTable(t)
	w.hts.AddWarehouse("other", "")
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`, "Idempotency-Key", keyA)
	w.must(t, "POST", "/v1/other/namespaces", `{"namespace":["b"]}`, "Idempotency-Key", keyA)
	w.must(t, "GET", "/v1/other/namespaces/b", "")
}
