package iceberg

import (
	"bytes"
	"strings"
	"testing"
)

const sampleFunction = `{"function-uuid":"42fd3f91-bc10-41c1-8a52-92b57dd0a9b2","format-version":1,"location":"s3://b/f","vendor":1.0,
 "definitions":[{"definition-id":"(int)","parameters":[{"name":"x","type":"int"}],"return-type":"int","function-type":"udf","current-version-id":2,
  "versions":[{"version-id":1,"representations":[{"type":"sql","dialect":"trino","sql":"x + 1"}],"timestamp-ms":1},
   {"version-id":2,"representations":[{"type":"sql","dialect":"trino","sql":"x + 2"}],"timestamp-ms":2}]}],
 "definition-log":[],"secure":false}`

func TestFunction(t *testing.T) {
	zipped, err := Compress([]byte(sampleFunction))
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range [][]byte{[]byte(sampleFunction), zipped} {
		f, err := ParseFunctionMetadata(doc)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Document(), []byte(sampleFunction)) {
			t.Errorf("document = %s", f.Document())
		}
		if f.UUID() != "42fd3f91-bc10-41c1-8a52-92b57dd0a9b2" || f.Location() != "s3://b/f" {
			t.Errorf("uuid = %q, location = %q", f.UUID(), f.Location())
		}
	}
}

func TestFunctionRefused(t *testing.T) {
	for old, text := range map[string]string{
		`"format-version":1`:      `"format-version":2`,
		`"function-uuid"`:         `"uuid"`,
		`"definitions":[{`:        `"definitions":[7,{`,
		`"definition-id":"(int)"`: `"definition-id":1`,
		`"parameters"`:            `"arguments"`,
		`"function-type":"udf"`:   `"function-type":"aggregate"`,
		`"current-version-id":2`:  `"current-version-id":3`,
		`{"version-id":1,`:        `{`,
		`"secure":false}`:         `"secure":false`,
		`"vendor":1.0`:            `"location":"s3://b/g"`,
	} {
		if strings.Count(sampleFunction, old) != 1 {
			t.Fatalf("%s is not in the sample once", old)
		}
		if _, err := ParseFunctionMetadata([]byte(strings.Replace(sampleFunction, old, text, 1))); kindOf(err) != KindInvalid {
			t.Errorf("%s: err = %v", text, err)
		}
	}
}
