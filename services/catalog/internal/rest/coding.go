package rest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coding is a content coding of RFC 9110; empty for a body as it is.
type coding string

const (
	plain     coding = ""
	gzipped   coding = "gzip"
	zstandard coding = "zstd"
)

// minCoded is the least that is worth compressing. What carries a tag always is:
// the tag names the coding, and a 304 must know it without the body.
const minCoded = 1024

// accepted is the coding that a request likes best; of those it likes alike, the
// one that costs least.
func accepted(r *http.Request) coding {
	weights := acceptedWeights(r.Header.Values("Accept-Encoding"))
	best, weight := plain, 0.0
	if q := weights.or(weights.zstd); q > weight {
		best, weight = zstandard, q
	}
	if q := weights.or(weights.gzip); q > weight {
		best, weight = gzipped, q
	}
	if weights.identity > weight {
		return plain
	}
	return best
}

// weights are what a request gives to codings, below 0 to those that it does not name.
type weights struct{ zstd, gzip, identity, others float64 }

// or is a coding's weight, or else that of those which are not named.
func (w weights) or(named float64) float64 {
	if named < 0 {
		return w.others
	}
	return named
}

// of is where the weight of a coding is; nil of one that is not known.
func (w *weights) of(name string) *float64 {
	switch name {
	case string(zstandard):
		return &w.zstd
	case string(gzipped):
		return &w.gzip
	case "identity":
		return &w.identity
	case "*":
		return &w.others
	default:
		return nil
	}
}

// acceptedWeights reads Accept-Encoding: "zstd, gzip;q=0.5, *;q=0". What it cannot
// read weighs nothing.
func acceptedWeights(values []string) weights {
	all := weights{-1, -1, -1, -1}
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameters, _ := strings.Cut(item, ";")
		weight := 1.0
		if parameters = strings.TrimSpace(parameters); parameters != "" {
			q, found := strings.CutPrefix(strings.ToLower(parameters), "q=")
			read, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			if !found || err != nil || read < 0 || read > 1 {
				read = 0
			}
			weight = read
		}
		name = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "x-")
		if at := all.of(name); at != nil {
			*at = max(*at, weight)
		}
	}
	return all
}

// tagged is a tag as it names one coding of what it stands for.
func (c coding) tagged(tag string) string {
	if c == plain || tag == "" {
		return tag
	}
	return strings.TrimSuffix(tag, plain.ending()) + c.ending()
}

// ending is how tags end that name the coding.
func (c coding) ending() string {
	switch c {
	case gzipped:
		return `-gzip"`
	case zstandard:
		return `-zstd"`
	default:
		return `"`
	}
}

// compressors are costly to make and good for many bodies.
var (
	gzipWriters = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
		return w
	}}
	zstdEncoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
	})
)

// zstdWriters stream. What one holds of a body is bounded by the window, and it
// works in the caller's goroutine.
var zstdWriters = sync.Pool{New: func() any {
	w, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10)) // the options are valid ones
	return w
}}

// streaming compresses what is written to it; closing it ends the coding, not
// what it writes to.
type streaming struct {
	io.WriteCloser

	release func()
}

// Close implements io.Closer.
func (s streaming) Close() error {
	defer s.release()
	return s.WriteCloser.Close()
}

// unending is a writer whose end is somebody else's matter.
type unending struct{ io.Writer }

// Close implements io.Closer.
func (unending) Close() error { return nil }

// writer puts what is written to it into the coding. One that is not closed is
// not used again.
func (c coding) writer(to io.Writer) io.WriteCloser {
	switch c {
	case zstandard:
		w := zstdWriters.Get().(*zstd.Encoder) //nolint:forcetypeassert // the pool has nothing else
		w.Reset(to)
		return streaming{w, func() { w.Reset(nil); zstdWriters.Put(w) }}
	case gzipped:
		w := gzipWriters.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool has nothing else
		w.Reset(to)
		return streaming{w, func() { gzipWriters.Put(w) }}
	default:
		return unending{to}
	}
}

// compress makes one body of the parts.
func (c coding) compress(parts [][]byte) ([]byte, error) {
	if c == zstandard {
		encoder, err := zstdEncoder()
		if err != nil {
			return nil, fmt.Errorf("make zstd encoder: %w", err)
		}
		whole := bytes.Join(parts, nil)
		return encoder.EncodeAll(whole, make([]byte, 0, len(whole)/4)), nil
	}
	var b bytes.Buffer
	w := gzipWriters.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool has nothing else
	defer gzipWriters.Put(w)
	w.Reset(&b)
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("compress answer: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress answer: %w", err)
	}
	return b.Bytes(), nil
}
