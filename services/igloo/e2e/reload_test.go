package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestSettingsChangeWhileServing: a file that changes is read again, by itself and at
// SIGHUP; what is safe is taken, what is not is told of, and a file that is wrong
// changes nothing.
func TestSettingsChangeWhileServing(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "settings.yaml")
			write := func(text string) {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("log-level: info\nlog-format: text\n")
			d := shape.Start(t, "--config", file)
			asked := func(path string) int {
				status, _ := ask(t, http.MethodGet, d.URL+path, "")
				return status
			}
			says := func(text string) func() bool { return func() bool { return strings.Contains(d.Output(), text) } }
			if asked("/v1/config"); says("path=/v1/config")() {
				t.Fatal("requests are logged already")
			}

			write("log-level: debug\nlog-format: text\nrequest-rate: 1\nidle-timeout: 7s\ntrace-sample-ratio: 0.5\n")
			until(t, "the file is read", says(`taken="[`))
			if !says("wait for a restart\"=[idle-timeout]")() || !says("request-rate: 1")() || !says("log-level: debug")() || !says("trace-sample-ratio: 0.5")() {
				t.Errorf("not told of:\n%s", d.Output())
			}
			until(t, "the level is taken", func() bool { asked("/v1/config"); return says("path=/v1/config")() })
			until(t, "the rate is taken", func() bool { return asked("/v1/config") == http.StatusTooManyRequests })

			write("log-level: debug\nrequest-rate: -1\n")
			until(t, "the file is refused", says("new settings are not taken"))
			write("lisen: x\n")
			until(t, "the key is refused", says("which may mean listen"))
			until(t, "the rate holds", func() bool { return asked("/v1/config") == http.StatusTooManyRequests })

			write("log-level: info\n")
			d.Signal(t, syscall.SIGHUP)
			until(t, "there is no rate any more", func() bool {
				for range 20 {
					if asked("/v1/config") != http.StatusOK {
						return false
					}
				}
				return true
			})
			d.Stop(t)
		})
	}
}
