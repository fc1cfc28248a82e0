package rest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

func view(name string, levels ...string) catalog.TableIdentifier {
	return catalog.TableIdentifier{Namespace: levels, Name: name}
}

// V1: a comma is between views and one in a name is escaped, and the last separator is
// before the view's name: whichever separator, and escaped once.
func TestReferencesAreReadAsTheyWereSent(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]catalog.References{
		"n%1Fv":                           {view("v", "n")},
		"a%1Fb%1Fouter,a%1Fc":             {view("outer", "a", "b"), view("c", "a")},
		"n%1Fone%2Ctwo,n%2c%1Fv":          {view("one,two", "n"), view("v", "n,")},
		"a.b.v,n\x1fv":                    {view("v", "a", "b"), view("v", "n")},
		"n%1Fv+w,n%1Fv%20x":               {view("v w", "n"), view("v x", "n")},
		"n%1F%C3%BC%2526":                 {view("ü%26", "n")},
		strings.Repeat("n%1Fx", 1):        {view("x", "n")},
		"n%1F" + strings.Repeat("v", 255): {view(strings.Repeat("v", 255), "n")},
	} {
		dotted := separator{escaped: "%2E", plain: "."}
		got, err := dotted.references(sent)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", sent, err, diff)
		}
		if again, err := dotted.references(dotted.spelled(got)); err != nil || !cmp.Equal(got, again) {
			t.Errorf("%s: spelled %s: %v, %v", sent, dotted.spelled(got), again, err)
		}
	}
}

// V1: what is no list of views is refused by name, with what was found.
func TestReferencesThatAreNone(t *testing.T) {
	t.Parallel()
	long := make([]string, catalog.MaxReferences+1)
	for i := range long {
		long[i] = "n%1Fv" + strings.Repeat("x", i)
	}
	for sent, found := range map[string]string{
		"v":                               `"v"`,
		",":                               `""`,
		"n%1Fv,":                          `""`,
		"n%1F":                            `"n."`,
		"%1Fv":                            `".v"`,
		"n%1Fv%zz":                        `"n%1Fv%zz"`,
		"n%1Fv%00":                        "control character",
		"n%1F%ff":                         "UTF-8",
		"n%1F..":                          `".."`,
		"n%1Fv,m%1Fv,n%1Fv":               `"n.v" twice`,
		"n%1F" + strings.Repeat("v", 256): "longer than 255 bytes",
		strings.Join(long, ","):           "17 views, at most 16",
		"n%1F" + strings.Repeat("v", maxReferencedBy): "at most 16384",
	} {
		got, err := separator{escaped: "%1F", plain: "\x1f"}.references(sent)
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "referenced-by: ") || !strings.Contains(err.Error(), found) {
			t.Errorf("%.100s: %v, %v", sent, got, err)
		}
	}
}

// V1: the parameter is found as it was sent, and once.
func TestRawParameters(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"": "", "x=y": "", "referenced-by=": "", "referenced-by": "", "referenced-by=a%2Cb,c&x=y": "a%2Cb,c", "x&referenced%2Dby=a=b": "a=b",
	} {
		if got, err := rawParameter(query, referencedBy); got != want || err != nil {
			t.Errorf("%s: %q, %v", query, got, err)
		}
	}
	if _, err := rawParameter("referenced-by=a&referenced-by=a", referencedBy); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// FuzzReferences: whatever is sent is refused in the parameter's name, or comes back the
// same from its own spelling.
func FuzzReferences(f *testing.F) {
	for _, seed := range []string{"n%1Fv", "a.b%1Fc,d%1Fe%2Cf", "%1F,", "n%1Fv%", "+%2B%1F++"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		for _, s := range []separator{{"%1F", "\x1f"}, {"%2E", "."}} {
			views, err := s.references(sent)
			if err != nil {
				if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "referenced-by: ") {
					t.Error(err)
				}
				continue
			}
			spelled := s.spelled(views)
			if _, err := url.ParseQuery("x=" + spelled); err != nil {
				t.Errorf("%q: %v", spelled, err)
			}
			again, err := s.references(spelled)
			if len(spelled) <= maxReferencedBy && (err != nil || !cmp.Equal(views, again, cmpopts.EquateEmpty())) {
				t.Errorf("%q: %v, spelled %q: %v, %v", sent, views, spelled, again, err)
			}
		}
	})
}
