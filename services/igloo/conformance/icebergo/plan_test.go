package icebergo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"
)

// filter is a predicate as iceberg-go has it and as the protocol writes it.
type filter struct {
	expression iceberg.BooleanExpression
	text       any
}

func randomFilter(random *rand.Rand, depth int) filter {
	if depth > 0 && random.IntN(2) == 0 {
		left, right := randomFilter(random, depth-1), randomFilter(random, depth-1)
		switch random.IntN(3) {
		case 0:
			return filter{iceberg.NewNot(left.expression), map[string]any{"type": "not", "child": left.text}}
		case 1:
			return filter{iceberg.NewAnd(left.expression, right.expression), map[string]any{"type": "and", "left": left.text, "right": right.text}}
		default:
			return filter{iceberg.NewOr(left.expression, right.expression), map[string]any{"type": "or", "left": left.text, "right": right.text}}
		}
	}
	n := random.Int64N(70) - 5
	id := iceberg.Reference("id")
	kinds := []string{"lt", "gt-eq", "eq", "not-eq"}
	i := random.IntN(len(kinds))
	expression := []func() iceberg.BooleanExpression{
		func() iceberg.BooleanExpression { return iceberg.LessThan(id, n) },
		func() iceberg.BooleanExpression { return iceberg.GreaterThanEqual(id, n) },
		func() iceberg.BooleanExpression { return iceberg.EqualTo(id, n) },
		func() iceberg.BooleanExpression { return iceberg.NotEqualTo(id, n) },
	}[i]()
	return filter{expression, map[string]any{"type": kinds[i], "term": "id", "value": n}}
}

// evolved is a table whose spec and schema changed between its appends, and which
// lost some rows.
func evolved(t *testing.T, c *rest.Catalog, id table.Identifier) *table.Table {
	t.Helper()
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Name: "b", Transform: iceberg.BucketTransform{NumBuckets: 4}})
	to := create(t, c, id, catalog.WithPartitionSpec(&spec))
	var err error
	for i := range int64(3) {
		to, err = add(t.Context(), to, i*10, i*10+10)
		must(t, err)
	}
	change := to.NewTransaction()
	must(t, change.UpdateSpec(true).RemoveField("b").AddField("id", iceberg.TruncateTransform{Width: 10}, "tens").Commit())
	to, err = change.Commit(t.Context())
	must(t, err)
	for i := range int64(3) {
		to, err = add(t.Context(), to, 30+i*10, 30+i*10+10)
		must(t, err)
	}
	to, err = to.Delete(t.Context(), iceberg.LessThan(iceberg.Reference("id"), int64(3)), nil)
	must(t, err)
	return to
}

// Igloo plans the files that iceberg-go's own scan finds.
func TestPlans(t *testing.T) {
	c, namespace := open(t)
	id := in(namespace, "t")
	planned := evolved(t, c, id)
	random := rand.New(rand.NewPCG(1, 2))
	files := 0
	for range 60 {
		f := randomFilter(random, 3)
		tasks, err := planned.Scan(table.WithRowFilter(f.expression)).PlanFiles(t.Context())
		must(t, err)
		theirs := make([]string, 0, len(tasks))
		for _, task := range tasks {
			theirs = append(theirs, fmt.Sprint(task.File.FilePath(), " with ", len(task.DeleteFiles), " deletes"))
		}
		slices.Sort(theirs)
		if ours := plan(t, namespace[0], "t", f.text); !slices.Equal(slices.Compact(theirs), ours) {
			t.Errorf("%v: iceberg-go has %q, Igloo %q", f.expression, theirs, ours)
		}
		files += len(theirs)
	}
	if files == 0 {
		t.Error("no filter let anything through")
	}
}

// plan asks Igloo for the files of a scan.
func plan(t *testing.T, namespace, name string, filter any) []string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"filter": filter})
	must(t, err)
	path := fmt.Sprintf("%s/v1/namespaces/%s/tables/%s/plan", os.Getenv("IGLOO_URL"), namespace, name)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	var answer struct {
		Status string
		Files  []struct {
			Data struct {
				Path string `json:"file-path"`
			} `json:"data-file"`
			Deletes []int `json:"delete-file-references"`
		} `json:"file-scan-tasks"`
	}
	must(t, json.NewDecoder(response.Body).Decode(&answer))
	if answer.Status != "completed" {
		t.Fatalf("%d %q", response.StatusCode, answer.Status)
	}
	found := make([]string, 0, len(answer.Files))
	for _, file := range answer.Files {
		found = append(found, fmt.Sprint(file.Data.Path, " with ", len(file.Deletes), " deletes"))
	}
	slices.Sort(found)
	return found
}
