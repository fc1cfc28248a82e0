package release

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Release is what is made, and where.
type Release struct {
	// Root is the repository, Out the folder that everything is put into.
	Root, Out string
	Version   string
	Programs  []string
	// Platforms are as linux/amd64; of those that are not linux there are no images.
	Platforms []string
	// Registry begins the names of images: igloo-catalog.
	Registry string
	// Archives wants archives and checksums beside images.
	Archives bool

	revision string
	at       time.Time
}

// Make makes a release and returns the digest of each program's image.
func (r *Release) Make(ctx context.Context) (map[string]string, error) {
	if err := errors.Join(r.of(ctx), r.clear()); err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, program := range r.Programs {
		digest, err := r.program(ctx, program)
		if err != nil {
			return nil, err
		}
		digests[program] = digest
	}
	return digests, r.sums()
}

// of asks which commit it is; its time stands for that of all that is made.
func (r *Release) of(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "git", "log", "-1", "--format=%H %ct")
	cmd.Dir = r.Root
	said, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("ask for the commit: %w", err)
	}
	revision, seconds, _ := strings.Cut(strings.TrimSpace(string(said)), " ")
	at, err := strconv.ParseInt(seconds, 10, 64)
	r.revision, r.at = revision, time.Unix(at, 0).UTC()
	return err
}

// clear removes what a release before left: it is none of this one's.
func (r *Release) clear() error {
	return errors.Join(os.RemoveAll(filepath.Join(r.Out, "images")), os.RemoveAll(filepath.Join(r.Out, "archives")))
}

func (r *Release) program(ctx context.Context, program string) (digest string, err error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range r.Platforms {
		system, arch, _ := strings.Cut(platform, "/")
		target := Target{Program: program, OS: system, Arch: arch, Version: r.Version}
		path, err := target.Build(ctx, r.Root, filepath.Join(r.Out, "bin"))
		if err != nil {
			return "", err
		}
		if err := r.beside(target, path); err != nil {
			return "", err
		}
		if system != "linux" {
			continue
		}
		image, err := target.Image(path, r.revision, r.at)
		if err != nil {
			return "", err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: arch}},
		})
		if err := r.loadable(target, image); err != nil {
			return "", err
		}
	}
	if _, err := layout.Write(filepath.Join(r.Out, "images", program), index); err != nil {
		return "", fmt.Errorf("write images of %s: %w", program, err)
	}
	hash, err := index.Digest()
	return hash.String(), err
}

// loadable writes what `docker load` takes.
func (r *Release) loadable(t Target, image v1.Image) error {
	tag, err := name.NewTag(fmt.Sprintf("%s/%s:%s", r.Registry, t.Program, strings.TrimPrefix(r.Version, "v")))
	if err != nil {
		return err
	}
	return tarball.WriteToFile(filepath.Join(r.Out, "images", t.Program+"-"+t.Arch+".tar"), tag, image)
}

// beside writes the list of a program's contents and, if wanted, its archive.
func (r *Release) beside(t Target, program string) error {
	contents, err := t.Contents(program)
	if err != nil {
		return err
	}
	for _, folder := range []string{"images", "archives"} {
		if err := os.MkdirAll(filepath.Join(r.Out, folder), 0o750); err != nil {
			return err
		}
	}
	full := fmt.Sprintf("%s-%s-%s-%s", t.Program, r.Version, t.OS, t.Arch)
	if err := os.WriteFile(filepath.Join(r.Out, "archives", full+".cdx.json"), contents, 0o600); err != nil {
		return err
	}
	if !r.Archives {
		return nil
	}
	return r.archive(filepath.Join(r.Out, "archives", full+".tar.gz"), t, program)
}

func (r *Release) archive(file string, t Target, program string) error {
	binary, err := os.ReadFile(program) //nolint:gosec // it was just built
	if err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(r.Root, "LICENSE"))
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := pack(zipped, []entry{{"LICENSE", 0o644, license}, {t.Program, 0o755, binary}}, r.at); err != nil {
		return err
	}
	if err := zipped.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, packed.Bytes(), 0o600)
}

// sums writes the checksum of each file that is handed out.
func (r *Release) sums() error {
	files, err := filepath.Glob(filepath.Join(r.Out, "*", "*.*"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var lines strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // it was just made
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(text), filepath.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file)))
	}
	return os.WriteFile(filepath.Join(r.Out, "SHA256SUMS"), []byte(lines.String()), 0o600)
}
