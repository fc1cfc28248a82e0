package iglootest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
)

// guarded are the settings of every program that lets in who has a token of corp.
func guarded(corp *idptest.Provider, settings []string) []string {
	return slices.Concat([]string{"--auth-issuer", "corp=" + corp.URL, "--admin", "corp:owner"}, settings)
}

func guardEmbedded(t *testing.T, corp *idptest.Provider, settings ...string) *Deployment {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "guarded")
	d := startEmbedded(t, append(guarded(corp, settings), "--auth", "--data-dir", folder)...)
	credential, err := os.ReadFile(filepath.Join(folder, "root.credential")) //nolint:gosec // in a folder of the test
	if err != nil {
		t.Fatal(err)
	}
	d.Root = string(credential)
	return d
}

// guardSplit has the catalog be corp:catalog to the house table service.
func guardSplit(t *testing.T, corp *idptest.Provider, settings ...string) *Deployment {
	t.Helper()
	own := corp.TokenFile(t, idptest.Claims{"sub": "catalog"})
	settings = guarded(corp, settings)
	return Split(t, append(slices.Clone(settings), "--housetable-token-file", own), append(slices.Clone(settings), "--trusted-service", "corp:catalog"))
}
