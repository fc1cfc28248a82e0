package release

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user runs what is in an image; nobody has the number on a host, as a rule.
const user = "65532:65532"

// source is where an image says that it comes from.
const source = "https://github.com/igloo-catalog/igloo"

// Image makes the image of a program that was built, as of a time.
func (t Target) Image(program, revision string, at time.Time) (v1.Image, error) {
	rest, err := layer(surroundings(), at)
	if err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(program) //nolint:gosec // it was just built
	if err != nil {
		return nil, err
	}
	own, err := layer([]entry{{name: t.Program, mode: 0o555, text: binary}}, at)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), rest, own)
	if err != nil {
		return nil, fmt.Errorf("image of %s: %w", t.Program, err)
	}
	return mutate.ConfigFile(mutate.ConfigMediaType(image, types.OCIConfigJSON), t.config(image, revision, at))
}

func (t Target) config(image v1.Image, revision string, at time.Time) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil {
		config = &v1.ConfigFile{} // an image of two layers in memory has one
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = t.OS, t.Arch, v1.Time{Time: at}
	for i := range config.History {
		config.History[i].Created = config.Created
	}
	config.Config = v1.Config{
		Entrypoint: []string{"/" + t.Program}, User: user, WorkingDir: "/",
		Env: []string{"PATH=/", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		Labels: map[string]string{
			"org.opencontainers.image.title":    "igloo " + t.Program,
			"org.opencontainers.image.source":   source,
			"org.opencontainers.image.version":  t.Version,
			"org.opencontainers.image.revision": revision,
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return config
}

// entry is a file of a layer, or a folder where its name ends with a slash.
type entry struct {
	name string
	mode int64
	text []byte
}

// surroundings are what a program needs beside itself.
func surroundings() []entry {
	var authorities bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil { // what is trusted for some certificates alone cannot be said in a file
			_ = pem.Encode(&authorities, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
		}
	}
	return []entry{
		{name: "etc/", mode: 0o755},
		{name: "etc/passwd", mode: 0o444, text: []byte("root:x:0:0::/:\nnonroot:x:65532:65532::/tmp:\n")},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o444, text: authorities.Bytes()},
		{name: "tmp/", mode: 0o1777},
	}
}

// layer packs entries, in their order, all of root and of one time.
func layer(entries []entry, at time.Time) (v1.Layer, error) {
	var packed bytes.Buffer
	if err := pack(&packed, entries, at); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
}

func pack(to io.Writer, entries []entry, at time.Time) error {
	w := tar.NewWriter(to)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text)), ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if e.name[len(e.name)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("pack %s: %w", e.name, err)
		}
		if _, err := w.Write(e.text); err != nil {
			return fmt.Errorf("pack %s: %w", e.name, err)
		}
	}
	return w.Close()
}
