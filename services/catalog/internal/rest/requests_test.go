package rest_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
)

// tally stands before the server of a store, counts its requests by method, and
// lets each wait.
type tally struct {
	url string

	mu   sync.Mutex
	seen map[string]int
}

func newTally(t testing.TB, server string, delay time.Duration) *tally {
	t.Helper()
	target, err := url.Parse("http://" + server)
	check(t, err)
	y := &tally{seen: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(target)
	before := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		y.mu.Lock()
		y.seen[r.Method]++
		y.mu.Unlock()
		time.Sleep(delay)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(before.Close)
	y.url = before.URL
	return y
}

// since are the requests since the last call.
func (y *tally) since() map[string]int {
	y.mu.Lock()
	defer y.mu.Unlock()
	seen := y.seen
	y.seen = map[string]int{}
	return seen
}

// distant puts the tables of a world into a store elsewhere.
func distant(name, root string, store objectstore.Store) func(*choices) {
	return func(c *choices) {
		c.settings.WarehouseRoot, c.settings.VerifyFiles = root, false
		c.stores = map[string]objectstore.Store{name: store}
	}
}

func distantS3(t testing.TB, delay time.Duration) (*tally, func(*choices)) {
	t.Helper()
	y := newTally(t, s3test.New(t).Address(), delay)
	store, err := s3.Open(t.Context(), s3.Config{
		Region: s3test.Region, Endpoint: y.url, PathStyle: true, AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
	})
	check(t, err)
	return y, distant("s3", "s3://"+s3test.Bucket+"/w", store)
}

func distantGCS(t testing.TB, delay time.Duration) (*tally, func(*choices)) {
	t.Helper()
	y := newTally(t, gcstest.New(t).Address(), delay)
	store, err := gcs.Open(t.Context(), gcs.Config{Endpoint: y.url})
	check(t, err)
	return y, distant("gs", "gs://"+gcstest.Bucket+"/w", store)
}

func distantADLS(t testing.TB, delay time.Duration) (*tally, func(*choices)) {
	t.Helper()
	y := newTally(t, adlstest.New(t).Address(), delay)
	store, err := adls.Open(adls.Config{Account: adlstest.Account, Endpoint: y.url + "/" + adlstest.Account, AccountKey: adlstest.AccountKey})
	check(t, err)
	return y, distant("abfs", "abfss://"+adlstest.Container+"@"+adlstest.Account+".dfs.core.windows.net/w", store)
}

const setK = `{"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`

// What is done over and over costs no request to storage that it does not need.
func TestRequestsToStorage(t *testing.T) {
	for name, c := range map[string]struct {
		open  func(testing.TB, time.Duration) (*tally, func(*choices))
		write string
	}{"S3": {distantS3, "PUT"}, "GCS": {distantGCS, "POST"}, "ADLS": {distantADLS, "PUT"}} {
		t.Run(name, func(t *testing.T) {
			y, stored := c.open(t, 0)
			w := newWorld(t, stored)
			w.must(t, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
			y.since()
			for _, step := range []struct {
				what, method, path, body string
				on                       *world
				want                     map[string]int
			}{
				{"a creation", "POST", lakeTables, oneColumn, w, map[string]int{c.write: 1}},
				{"a load from memory", "GET", lakeTables + "/t", "", w, map[string]int{}},
				{"a commit", "POST", lakeTables + "/t", setK, w, map[string]int{c.write: 1}},
				{"another commit", "POST", lakeTables + "/t", setK, w, map[string]int{c.write: 1}},
				{"a load by another replica", "GET", lakeTables + "/t", "", w.replica(t, stored), map[string]int{"GET": 1}},
			} {
				step.on.must(t, step.method, step.path, step.body)
				if seen := y.since(); !maps.Equal(seen, step.want) {
					t.Errorf("%s: %v, want %v", step.what, seen, step.want)
				}
			}
		})
	}
}

// BenchmarkLatency is how long requests take with a storage that takes 20 ms for
// each of its own.
func BenchmarkLatency(b *testing.B) {
	const away = 20 * time.Millisecond
	y, stored := distantS3(b, away)
	w := newSilentWorld(b, stored)
	w.must(b, "POST", "/v1/namespaces", `{"namespace":["a"]}`)
	w.must(b, "POST", lakeTables, oneColumn)
	run := func(name string, do func()) {
		b.Run(name, func(b *testing.B) {
			y.since()
			for b.Loop() {
				do()
			}
			requests := 0
			for _, n := range y.since() {
				requests += n
			}
			b.ReportMetric(float64(requests)/float64(b.N), "requests/op")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(away), "delays/op")
		})
	}
	run("commit", func() { w.must(b, "POST", lakeTables+"/t", setK) })
	run("load, warm", func() { w.must(b, "GET", lakeTables+"/t", "") })
	run("load, cold", func() { w.replica(b, stored).must(b, "GET", lakeTables+"/t", "") })
}
