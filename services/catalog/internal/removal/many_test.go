package removal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
)

// places are where tables may lie: a root of each store, and the store.
func places() map[string]func(testing.TB) (string, objectstore.Store) {
	return map[string]func(testing.TB) (string, objectstore.Store){
		"files": func(t testing.TB) (string, objectstore.Store) {
			t.Helper()
			store, err := objectstore.OpenLocal()
			return opened(t, "file://"+t.TempDir(), store, err)
		},
		"S3": func(t testing.TB) (string, objectstore.Store) {
			t.Helper()
			store, err := s3.Open(t.Context(), s3.Config{
				Region: s3test.Region, Endpoint: s3test.New(t).Endpoint(), PathStyle: true,
				AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
			})
			return opened(t, "s3://"+s3test.Bucket+"/w", store, err)
		},
		"GCS": func(t testing.TB) (string, objectstore.Store) {
			t.Helper()
			store, err := gcs.Open(t.Context(), gcs.Config{Endpoint: gcstest.New(t).Endpoint()})
			return opened(t, "gs://"+gcstest.Bucket+"/w", store, err)
		},
		"ADLS": func(t testing.TB) (string, objectstore.Store) {
			t.Helper()
			store, err := adls.Open(adls.Config{Account: adlstest.Account, Endpoint: adlstest.New(t).Endpoint(), AccountKey: adlstest.AccountKey})
			return opened(t, "abfss://"+adlstest.Container+"@"+adlstest.Account+".dfs.core.windows.net/w", store, err)
		},
	}
}

func opened(t testing.TB, root string, store objectstore.Store, err error) (string, objectstore.Store) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return root, store
}

// ledger is a store that keeps the books of what whoever deletes has in mind.
type ledger struct {
	objectstore.Store

	mu sync.Mutex
	// names of data files are in each manifest.
	names map[string]int
	// pending are the names that were read and not deleted yet, most as many as there
	// ever were, and largest the most files that were deleted at once.
	pending, most, largest int
}

func (l *ledger) Read(ctx context.Context, location string) ([]byte, error) {
	l.mu.Lock()
	l.pending += l.names[location]
	l.most = max(l.most, l.pending)
	l.mu.Unlock()
	return l.Store.Read(ctx, location)
}

func (l *ledger) Delete(ctx context.Context, locations ...string) error {
	l.mu.Lock()
	for _, location := range locations {
		if strings.Contains(location, "/data/") {
			l.pending--
		}
	}
	l.largest = max(l.largest, len(locations))
	l.mu.Unlock()
	return l.Store.Delete(ctx, locations...)
}

// many is a world with a table of many files, in manifests of some each.
type many struct {
	*world

	books  *ledger
	folder string
}

func newMany(t testing.TB, place func(testing.TB) (string, objectstore.Store), files, each int) *many {
	t.Helper()
	root, store := place(t)
	m := &many{world: &world{TB: t}, books: &ledger{Store: store, names: map[string]int{}}}
	m.on(root, m.books)
	m.folder = m.create("t", "", nil)
	data := make([]string, files)
	for i := range data {
		data[i] = fmt.Sprintf("%s/data/%05d.parquet", m.folder, i)
	}
	m.fill(data)
	var manifests []iceberg.ManifestFile
	for some := range slices.Chunk(data, each) {
		location := fmt.Sprintf("%s/metadata/m%d.avro", m.folder, len(manifests))
		manifests = append(manifests, m.manifest(location, iceberg.ManifestContentData, iceberg.EntryStatusADDED, some...))
		m.books.names[location] = len(some)
	}
	m.append("t", m.folder, 1, manifests...)
	return m
}

// fill writes a small file at each location, several at a time.
func (m *many) fill(locations []string) {
	m.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for _, location := range locations {
		group.Go(func() error { return m.files.Create(m.Context(), location, []byte("x")) })
	}
	m.must(group.Wait())
}

// emptied deletes the files of the table, and looks that none is left.
func (m *many) emptied(files int) {
	m.Helper()
	m.must(m.purge())
	m.remover(purging)
	if report, want := m.ended("SUCCEEDED"), fmt.Sprintf("deleted %d data and delete files", files); !strings.Contains(report, want) {
		m.Errorf("report %q, want %q", report, want)
	}
	if left := m.left(m.folder); len(left) != 0 {
		m.Errorf("left are %d, of them %q", len(left), left[0])
	}
}

// TestPurgeOfManyFiles deletes them in batches, and knows no more of them at a time
// than a batch and a manifest have, in every store.
func TestPurgeOfManyFiles(t *testing.T) {
	const files, each, batch = 1200, 400, 500
	for name, place := range places() {
		t.Run(name, func(t *testing.T) {
			m := newMany(t, place, files, each)
			m.emptied(files)
			if m.books.most > batch+each || m.books.pending != 0 {
				t.Errorf("as many as %d names were known at a time, want %d at most; left are %d", m.books.most, batch+each, m.books.pending)
			}
			if m.books.largest != batch {
				t.Errorf("%d files were deleted at once, want %d", m.books.largest, batch)
			}
		})
	}
}

// TestSweepOfManyFiles decides on no more than a thousand at a time, in every store.
func TestSweepOfManyFiles(t *testing.T) {
	const orphans, atOnce = 1100, 1000
	for name, place := range places() {
		t.Run(name, func(t *testing.T) {
			m := newMany(t, place, 1, 1)
			kept := m.left(m.folder)
			files := make([]string, orphans)
			for i := range files {
				files[i] = fmt.Sprintf("%s/metadata/00001-%s.metadata.json", m.folder, uuid.Must(uuid.NewV7()))
			}
			m.fill(files)
			r := m.remover(sweeping(time.Millisecond, false))
			m.eventually("all orphans are gone", func() bool { return r.Counts().Orphans == orphans })
			if left := m.left(m.folder); !slices.Equal(left, kept) {
				t.Errorf("left are %d, want %q", len(left), kept)
			}
			if m.books.largest > atOnce {
				t.Errorf("%d files were deleted at once, want %d at most", m.books.largest, atOnce)
			}
		})
	}
}

// BenchmarkPurge is how many files a second a purge deletes, where no rate is set.
func BenchmarkPurge(b *testing.B) {
	const files = 5000
	for name, place := range places() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				m := newMany(b, place, files, 500)
				m.must(m.purge())
				b.StartTimer()
				r := m.remover(func(s *removal.Settings) { s.PurgeInterval = time.Millisecond })
				m.eventually("all is deleted", func() bool { return r.Counts().Purged == 1 })
			}
			b.ReportMetric(float64(files*b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}
