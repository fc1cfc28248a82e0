package release_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/igloo-catalog/igloo/deploy/release"
)

// made is a release of one program for this machine, in a folder where one was made
// before.
func made(t *testing.T) (out, digest string) {
	t.Helper()
	out = t.TempDir()
	before := filepath.Join(out, "archives", "housetable-v9.8.6-linux-amd64.tar.gz")
	if err := errors.Join(os.Mkdir(filepath.Dir(before), 0o750), os.WriteFile(before, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	r := &release.Release{
		Root: "../..", Out: out, Version: "v9.8.7", Programs: []string{"housetable"},
		Platforms: []string{"linux/" + runtime.GOARCH}, Registry: "registry.example/igloo", Archives: true,
	}
	digests, err := r.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out, digests["housetable"]
}

// TestRelease builds twice, and runs what is in the image as it would run elsewhere:
// with nothing but what is in the image, as nobody.
func TestRelease(t *testing.T) {
	first, digest := made(t)
	second, again := made(t)
	if digest != again {
		t.Errorf("built twice: %s, %s", digest, again)
	}
	sums, others := read(t, first, "SHA256SUMS"), read(t, second, "SHA256SUMS")
	if !bytes.Equal(sums, others) || bytes.Count(sums, []byte("\n")) != 3 {
		t.Errorf("checksums:\n%s\n%s", sums, others)
	}
	image := imageOf(t, filepath.Join(first, "images", "housetable"))
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/housetable" || config.Created.Year() < 2020 {
		t.Errorf("config: %+v", config)
	}
	root := unpacked(t, image)
	if rest, _ := pem.Decode(read(t, root, "etc/ssl/certs/ca-certificates.crt")); rest == nil {
		t.Error("there are no authorities")
	}
	if got := runIn(t, root, "/housetable", "version"); strings.TrimSpace(got) != "v9.8.7" {
		t.Errorf("the program says %q", got)
	}
	if here, err := filepath.Abs("../.."); err != nil || bytes.Contains(read(t, root, "housetable"), []byte(here)) {
		t.Errorf("the program names the folder that it was built in: %v", err)
	}
	contents(t, first)
}

// TestTagsAreTheMakefiles: what is released is what was tested, and linked as it was.
func TestTagsAreTheMakefiles(t *testing.T) {
	makefile := string(read(t, filepath.Join("..", ".."), "Makefile"))
	if want := "\nTAGS := " + release.Tags + "\n"; !strings.Contains(makefile, want) {
		t.Errorf("the Makefile lacks %q", want)
	}
	if want := "," + release.Linked + ")\n"; !strings.Contains(makefile, want) {
		t.Errorf("the Makefile lacks %q", want)
	}
}

// contents finds in the list what is linked into the program.
func contents(t *testing.T, out string) {
	t.Helper()
	var list struct {
		Components []struct{ Name, Version, Purl string }
	}
	if err := json.Unmarshal(read(t, out, "archives/housetable-v9.8.7-linux-"+runtime.GOARCH+".cdx.json"), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, c := range list.Components {
		found[c.Name] = c.Version
		if c.Version == "" || !strings.HasPrefix(c.Purl, "pkg:golang/"+c.Name+"@") {
			t.Errorf("component %+v", c)
		}
	}
	if found["stdlib"] != runtime.Version() || found["github.com/jackc/pgx/v5"] == "" {
		t.Errorf("contents: %v", found)
	}
}

func imageOf(t *testing.T, folder string) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("%+v, %v", manifest, err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// unpacked is the root that an image's process sees.
func unpacked(t *testing.T, image v1.Image) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	files := mutate.Extract(image)
	defer files.Close()
	for reader := tar.NewReader(files); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			t.Fatal(err)
		}
		unpack(t, filepath.Join(root, filepath.Clean("/"+header.Name)), header, reader)
	}
}

func unpack(t *testing.T, path string, header *tar.Header, from io.Reader) {
	t.Helper()
	if header.Typeflag == tar.TypeDir {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, os.FileMode(header.Mode)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, folder, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// runIn runs a program with root as its whole world, where that is allowed.
func runIn(t *testing.T, root, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...) //nolint:noctx // a program of ours, which ends by itself
	cmd.Env = []string{}
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		cmd.Dir = "/"
	} else {
		cmd.Path = filepath.Join(root, program)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
