package catalog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// document is table or view metadata. It never changes.
type document interface {
	// Location is where the table or view lies.
	Location() string
	// UUID of the table or view.
	UUID() string
	// Property of the table or view.
	Property(key string) (string, bool)
	// previousFiles are the metadata files that its history tells of, in a list
	// that is the caller's.
	previousFiles() []string
	// validate refuses a document that no engine could read. What this catalog
	// wrote needs no such look.
	validate() error
	// Size is about how much memory it takes.
	Size() int
	// Bytes are the document as it is stored, uncompressed; not to be changed.
	Bytes() []byte
}

// readTimeout bounds the reading of one metadata file.
const readTimeout = 30 * time.Second

// metadataCache holds documents by location. Metadata files never change, so
// nothing in it is ever stale.
type metadataCache struct {
	cache        *recent[documentKey, kept]
	hits, misses atomic.Uint64
	reading      singleflight.Group
	files        Files
	verify       bool
	// calm ends when nothing has been put for a while.
	calm *time.Timer
}

// kept is a document, and where the one was that it replaced; empty where that is
// not known.
type kept struct {
	document

	before string
	// rested is set once it lies beside others that are at rest.
	rested bool
}

// documentKey says where a file is, for two stores may have one location each,
// and as what it is read: a table's metadata is not a view's.
type documentKey struct {
	warehouse string
	kind      Kind
	location  string
}

// alone is the key without the request that it was in.
func (k documentKey) alone() documentKey {
	return documentKey{strings.Clone(k.warehouse), k.kind, k.location}
}

func newMetadataCache(files Files, maxBytes int64, verify bool) *metadataCache {
	c := &metadataCache{cache: newRecent(maxBytes, documentKey.weigh), files: files, verify: verify}
	c.calm = time.AfterFunc(calm, c.rest)
	return c
}

// weigh is about how much memory a document takes.
func (k documentKey) weigh(d kept) int64 {
	const entry = 1024
	return int64(entry + len(k.warehouse) + len(k.location) + d.Size())
}

// load returns the document at a location; fault.MissingFile when it is gone.
func (c *metadataCache) load(ctx context.Context, warehouse string, kind Kind, location string) (document, error) {
	key := documentKey{warehouse, kind, location}
	if d, known := c.cache.get(key); known {
		c.hits.Add(1)
		return d.document, c.look(ctx, warehouse, location)
	}
	d, err := c.fetch(ctx, key.alone())
	return d, missingFile(location, err)
}

// fetch reads a document for all who ask for it meanwhile.
func (c *metadataCache) fetch(ctx context.Context, key documentKey) (document, error) {
	ctx = context.WithoutCancel(ctx) // it must not end with whoever came first
	read, err, _ := c.reading.Do(strings.Join([]string{key.warehouse, key.kind.word(), key.location}, "\x00"), func() (any, error) {
		if d, known := c.cache.peek(key); known { // since it was looked for
			return d.document, nil
		}
		c.misses.Add(1)
		d, err := c.read(ctx, key)
		if err == nil {
			c.cache.put(key, d)
		}
		return d.document, err
	})
	d, _ := read.(document)
	return d, err
}

// loader is how a client wants documents to be loaded.
func (c *metadataCache) loader(o LoadOptions) func(ctx context.Context, warehouse string, kind Kind, location string) (document, error) {
	if o.Afresh {
		return c.reread
	}
	return c.load
}

// reread returns the document that is in the file now. What is remembered of it stays
// as it is: whoever reads every file pushes out nothing that others need.
func (c *metadataCache) reread(ctx context.Context, warehouse string, kind Kind, location string) (document, error) {
	d, err := c.read(ctx, documentKey{warehouse, kind, location})
	return d, missingFile(location, err)
}

// use takes readings of files for misses: many may wait for one.
func (c *metadataCache) use() telemetry.CacheUse {
	bytes, evictions := c.cache.size()
	return telemetry.CacheUse{Hits: c.hits.Load(), Misses: c.misses.Load(), Evictions: evictions, Bytes: uint64(bytes)}
}

// look makes sure that the file of a known document is still there.
func (c *metadataCache) look(ctx context.Context, warehouse, location string) error {
	if !c.verify || objectstore.Scheme(location) != "file" {
		return nil
	}
	_, err := c.files.In(warehouse).Stat(ctx, location)
	return missingFile(location, err)
}

// missingFile says it in the words that Iceberg's clients know.
func missingFile(location string, err error) error {
	if errors.Is(err, objectstore.ErrNotFound) {
		return fault.Wrap(fault.MissingFile, err, "Failed to open input stream for file: %s", location)
	}
	return err
}

// put keeps a document that is to replace another one, which some requests may still
// answer by; what that one has replaced is dropped.
func (c *metadataCache) put(warehouse string, kind Kind, location string, d document, before string) {
	if last, known := c.cache.peek(documentKey{warehouse, kind, before}); known && last.before != "" {
		c.cache.remove(documentKey{warehouse, kind, last.before})
	}
	c.cache.put(documentKey{warehouse, kind, location}.alone(), kept{document: d, before: before})
	c.calm.Reset(calm)
}

// drop forgets files that are gone.
func (c *metadataCache) drop(warehouse string, locations []string) {
	for _, location := range locations {
		for _, kind := range []Kind{TableKind, ViewKind, FunctionKind} {
			c.cache.remove(documentKey{warehouse, kind, location})
		}
	}
}

func (c *metadataCache) read(ctx context.Context, key documentKey) (kept, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	data, err := ReadMetadata(ctx, c.files.In(key.warehouse), key.location)
	if err != nil {
		return kept{}, err
	}
	d, err := parseDocument(key.kind, data)
	if err != nil {
		// What is in the file is nobody's business who may only name it.
		return kept{}, fault.Wrap(fault.Invalid, err, "the file at %s is not %s metadata that can be read", key.location, strings.ToLower(key.kind.word()))
	}
	return kept{document: d}, nil
}

// ReadMetadata returns the document in a metadata file, uncompressed.
func ReadMetadata(ctx context.Context, files interface {
	Read(ctx context.Context, location string) ([]byte, error)
}, location string,
) ([]byte, error) {
	data, err := files.Read(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	return inflate(data)
}

// inflate takes the compression off, if there is any: a file's name tells it,
// but its first bytes do not lie.
func inflate(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "metadata file is not whole")
	}
	plain, err := io.ReadAll(io.LimitReader(r, objectstore.DefaultReadLimit+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "metadata file is not whole")
	case len(plain) > objectstore.DefaultReadLimit:
		return nil, fault.New(fault.TooLarge, "metadata file is over the limit of %d bytes", objectstore.DefaultReadLimit)
	}
	return plain, nil
}

func deflate(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("compress metadata: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress metadata: %w", err)
	}
	return b.Bytes(), nil
}

// maxNames bounds the search for a free file name of one operation. Names are
// taken when the same request comes at the same time, or came before.
const maxNames = 100

// writeMetadata stores a document under a name of its own. previous is the
// location of the document before, if there is one.
func (m *mutation) writeMetadata(ctx context.Context, kind Kind, d document, previous string, version int64) (string, error) {
	data, compressed, err := encoded(d)
	if err != nil {
		return "", err
	}
	next := 0
	if previous != "" {
		next = nextVersion(previous, version)
	}
	folder := metadataFolder(d.Location(), d.Property)
	for n := range maxNames {
		location := folder + "/" + metadataName(next, m.op.ID, m.firstFile+m.tries+n, compressed)
		err := m.files.In(m.request.Warehouse).Create(ctx, location, data)
		switch {
		case errors.Is(err, objectstore.ErrExists):
			continue
		case fault.KindOf(err) != fault.Internal:
			return "", err
		case err != nil:
			return "", fault.Wrap(fault.Unavailable, err, "metadata could not be written to %s", folder)
		}
		m.metadata.put(m.request.Warehouse, kind, location, d, previous)
		return location, nil
	}
	return "", fault.New(fault.Unavailable, "no free name for metadata in %s", folder)
}

// encoded is a document as its properties want it stored.
func encoded(d document) (data []byte, compressed bool, err error) {
	if compressed, err = zipped(d); err != nil || !compressed {
		return d.Bytes(), false, err
	}
	data, err = deflate(d.Bytes())
	return data, true, err
}

// zipped tells whether a document's properties want it compressed.
func zipped(d document) (bool, error) {
	codec, _ := d.Property(codecProperty)
	switch strings.ToLower(codec) {
	case "", "none":
		return false, nil
	case "gzip":
		return true, nil
	default:
		return false, fault.New(fault.Invalid, "property %s: found %q, allowed are none, gzip", codecProperty, codec)
	}
}
