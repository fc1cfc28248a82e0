package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// diagnosed is what doctor tells of: "finding type name".
func (s shell) diagnosed(args ...string) (found []string, code int) {
	s.Helper()
	out, told, code := s.igloo(append([]string{"doctor", "-o", "jsonl"}, args...)...)
	for line := range strings.Lines(out) {
		var f struct{ Finding, Type, Name, Detail string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			s.Fatalf("%q: %v", line, err)
		}
		if f.Finding != "summary" {
			found = append(found, strings.TrimSpace(f.Finding+" "+f.Type+" "+f.Name))
		}
	}
	if len(found) > 0 != (told != "") {
		s.Errorf("%d are found, and told is %q", len(found), told)
	}
	slices.Sort(found)
	return found, code
}

func (s shell) finds(code int, want []string, args ...string) {
	s.Helper()
	if found, ended := s.diagnosed(args...); !slices.Equal(found, want) || ended != code {
		s.Errorf("found %q, and ended with %d, want %q and %d", found, ended, want, code)
	}
}

// findsSoon is finds for what hangs on a grant that was given a moment ago.
func (s shell) findsSoon(code int, want []string) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		found, ended := s.diagnosed()
		if slices.Equal(found, want) && ended == code {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("found %q, and ended with %d, want %q and %d", found, ended, want, code)
		}
	}
}

// TestDoctorOfEachShape: in a folder and in S3, whose files it lists with the keys that
// the catalog gives out.
func TestDoctorOfEachShape(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d, bucket := shape.Start(t), s3test.NewWithSTS(t)
			s := shellOf(t, d, "KEY="+s3test.SecretAccessKey)
			s.ok("warehouses", "create", "sales", "--location", "s3://lake/sales", "--s3-endpoint", bucket.Endpoint(), "--s3-region", s3test.Region, "--s3-path-style",
				"--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key-env", "KEY",
				"--s3-role-arn", "arn:aws:iam::000000000000:role/tables", "--s3-sts-endpoint", bucket.STS())
			makeTable(t, d, "sales")
			makeTable(t, d, "default")
			s.finds(0, nil, "--orphans", "--orphan-age", "0s")

			files := objects(t, bucket)
			store := openBucket(t, bucket)
			lost := files[0][:strings.LastIndex(files[0], "/")] + "/00007-lost.metadata.json"
			if err := store.Create(t.Context(), lost, []byte("{}")); err != nil {
				t.Fatal(err)
			}
			local := strings.TrimPrefix(s.metadataOf("ns.t"), "file://")
			if err := os.Truncate(local, 10); err != nil {
				t.Fatal(err)
			}
			s.finds(1, []string{"damaged-file table ns.t", "orphan table ns.t"}, "--orphans", "--orphan-age", "0s")
			if err := store.Delete(t.Context(), files...); err != nil {
				t.Fatal(err)
			}
			s.finds(1, []string{"missing-file table ns.t"}, "--orphans", "-w", "sales")
		})
	}
}

// metadataOf is where the metadata of a table is.
func (s shell) metadataOf(table string) string {
	s.Helper()
	var shown struct {
		Location string `json:"metadata-location"`
	}
	if err := json.Unmarshal([]byte(s.ok("tables", "show", table, "-o", "json")), &shown); err != nil {
		s.Fatal(err)
	}
	return shown.Location
}

// TestDoctorHasTheRightsOfWhoAsks: whoever sees a part of a warehouse is told of that
// part, and that there may be more.
func TestDoctorHasTheRightsOfWhoAsks(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			corp := idptest.New(t)
			d := shape.StartGuarded(t, corp)
			owner := shellOf(t, d, "IGLOO_TOKEN_FILE="+corp.TokenFile(t, idptest.Claims{"sub": "owner"}))
			ann := shellOf(t, d, "IGLOO_TOKEN_FILE="+corp.TokenFile(t, idptest.Claims{"sub": "ann"}))
			bearer := []string{"Authorization", "Bearer " + corp.Token(t, idptest.Claims{"sub": "owner"})}
			for _, namespace := range []string{"mine", "hidden"} {
				owner.ok("namespaces", "create", namespace)
				if status, answer := ask(t, http.MethodPost, d.URL+"/v1/namespaces/"+namespace+"/tables", table, bearer...); status != http.StatusOK {
					t.Fatalf("%d %s", status, answer)
				}
			}
			owner.finds(0, nil)
			ann.finds(2, []string{"not-checked server " + d.HTS})
			owner.ok("grants", "give", "user:corp:ann", "select", "namespace:mine")
			ann.findsSoon(2, []string{"not-checked warehouse"})
			file := strings.TrimPrefix(owner.metadataOf("mine.t"), "file://")
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			ann.findsSoon(1, []string{"missing-file table mine.t", "not-checked warehouse"})
		})
	}
}
