package rest_test

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// TestOwnFolders: what a property names, or a table that is not made yet, opens
// nobody else's files, nor any outside of the warehouse.
func TestOwnFolders(t *testing.T) {
	w := withPen(t, func(c *choices) { c.settings.AnyLocation = false })
	theirs := locationOf(w.must(t, "POST", lakeTables, strings.Replace(oneColumn, `"t"`, `"theirs"`, 1)))
	mine := locationOf(w.must(t, "POST", lakeTables, oneColumn))
	free := path.Dir(strings.TrimPrefix(mine, "file://"))
	sign := signer(t, w.must(t, "GET", lakeTables+"/t", "", wants, "remote-signing"))

	for name, c := range map[string]struct {
		folder string
		let    bool
	}{
		"below the own location":       {mine + "/elsewhere", true},
		"a free place":                 {"file://" + free + "/data-of-t", true},
		"the location of another":      {theirs, false},
		"below another":                {theirs + "/data", false},
		"above all":                    {"file://" + free, false},
		"outside of the roots":         {"file:///etc", false},
		"another store":                {"s3://secrets/of/others", false},
		"another, spelled differently": {strings.Replace(theirs, "/a/", "//a/./", 1), false},
		"no place":                     {"nowhere", false},
	} {
		for _, property := range []string{"write.data.path", "write.object-storage.path"} {
			w.must(t, "POST", lakeTables+"/t",
				`{"requirements":[],"updates":[{"action":"set-properties","updates":{"`+property+`":"`+c.folder+`"}}]}`)
			if got := w.signedFor(t, sign); slices.Contains(got, c.folder) != c.let || !slices.Contains(got, mine) || slices.Contains(got, theirs) {
				t.Errorf("%s: %s is %s: signed for %q", name, property, c.folder, got)
			}
			w.must(t, "POST", lakeTables+"/t", `{"requirements":[],"updates":[{"action":"remove-properties","removals":["`+property+`"]}]}`)
		}
	}
	staged := w.do(t, "POST", lakeTables, `{"name":"u","stage-create":true,"location":"`+theirs+`",`+oneColumn[len(`{"name":"t",`):], wants, "remote-signing")
	if strings.Contains(string(staged.body), "/sign") {
		t.Errorf("a table in the making, at another's location: %d %s", staged.status, staged.body)
	}
	w.must(t, "POST", lakeTables+"/t", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"write.data.path":"file://`+free+`/shared"}}]}`)
	w.must(t, "POST", lakeTables, `{"name":"v","location":"file://`+free+`/shared",`+oneColumn[len(`{"name":"t",`):])
	if got := w.signedFor(t, sign); len(got) != 1 {
		t.Errorf("where another table is now: signed for %q", got)
	}
}
