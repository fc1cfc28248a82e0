package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/span"
)

// FuzzObject holds an object to what encoding/json makes of the same bytes: whether it
// is one, where it is wrong, and each of its members by its name.
func FuzzObject(f *testing.F) {
	for _, text := range []string{
		`{"a":1,"b":[{"c":null}],"a":2}`, "{\"ident\\u0069fier\" : \"x\\n\",\n\"\":\"\\ud800\"} ", `{"a":}`, `{"a":1}}`, `{"a" 1}`, `{a:1}`, `[]`, `null`, `"{}"`, ` `,
		`{"s":"\`, `{"n":01}`, `{"n":1e}`, "{\"t\":\"\t\"}", `{"é":tru}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) || limit.Depth(data) != nil {
			return // whoever reads the body refuses it
		}
		var want map[string]json.RawMessage
		err := json.Unmarshal(data, &want)
		o := &object{}
		o.parse("", data)
		if is := err == nil && want != nil; is != (o.err == nil) {
			t.Fatalf("%q: err = %v, encoding/json says %v", data, o.err, err)
		}
		if syntax, wrong := errors.AsType[*json.SyntaxError](err); wrong && !strings.Contains(o.err.Error(), fmt.Sprintf("at byte %d: %s", syntax.Offset, syntax)) {
			t.Errorf("%q: err = %v, encoding/json says %v at %d", data, o.err, err, syntax.Offset)
		}
		for name, value := range want {
			sameMember(t, o, name, value)
		}
	})
}

func sameMember(t *testing.T, o *object, name string, want json.RawMessage) {
	t.Helper()
	if found := o.raw(name); string(found) != string(nonNull(want)) {
		t.Errorf("%q: found %q, want %q", name, found, want)
	}
	var text *string
	err := json.Unmarshal(want, &text)
	if s, wrong := span.Unquote(want); (wrong == nil) != (err == nil && text != nil) || wrong == nil && s != *text {
		t.Errorf("%q: %q is the text %q, %v", name, want, s, wrong)
	}
	var list []json.RawMessage
	err = json.Unmarshal(want, &list)
	elements, wrong := span.Elements[json.RawMessage](want)
	if (wrong == nil) != (err == nil && list != nil) || wrong == nil && fmt.Sprintf("%s", elements) != fmt.Sprintf("%s", list) {
		t.Errorf("%q: %q is the list %s, %v", name, want, elements, wrong)
	}
}

// BenchmarkTransactionBody takes a transaction of ten tables apart, as far as who
// commits it needs.
func BenchmarkTransactionBody(b *testing.B) {
	const change = `{"identifier":{"namespace":["load"],"name":"t"},"requirements":[{"type":"assert-table-uuid","uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"}],` +
		`"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":1,"sequence-number":1,"timestamp-ms":1,"manifest-list":"s3://lake/t/m.avro","summary":{"operation":"append"},"schema-id":0}},` +
		`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":1}]}`
	body := []byte(`{"table-changes":[` + strings.Repeat(change+",", 9) + change + `]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		whole := &object{}
		whole.parse("", body)
		for _, raw := range whole.list("table-changes") {
			member := &object{}
			member.parse("", raw)
			if member.identifier("identifier"); member.needed("updates", "") == nil || member.err != nil {
				b.Fatal(member.err)
			}
		}
	}
}
