package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
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

// TestIssuersChangeWhileServing: whose tokens are believed changes with the file, in
// all programs that read it; a file that is wrong, or would open the door, changes
// nothing, and metrics say so.
func TestIssuersChangeWhileServing(t *testing.T) {
	corp, partner := idptest.New(t), idptest.New(t)
	file := filepath.Join(t.TempDir(), "settings.yaml")
	write := func(issuers string) {
		text := "admin: [corp:alice, partner:alice]\nauth-issuer: [" + issuers + "]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours, theirs := "corp="+corp.URL, "partner="+partner.URL
	for _, shape := range []string{"embedded", "split"} {
		t.Run(shape, func(t *testing.T) {
			write(ours)
			d := guardedBy(t, shape, corp, file)
			// doors are how many let somebody in, of two.
			doors := func(p *idptest.Provider) (open int) {
				token := "Bearer " + p.Token(t, nil)
				for _, url := range []string{d.URL + "/v1/namespaces", d.HTS + "/hts/databases"} {
					if status, _ := ask(t, http.MethodGet, url, "", "Authorization", token); status != http.StatusUnauthorized {
						open++
					}
				}
				return open
			}
			tells := func(line string) func() bool {
				return func() bool {
					for _, url := range []string{d.URL, d.HTS} {
						if _, body := ask(t, http.MethodGet, url+"/metrics", ""); !strings.Contains(body, line) {
							return false
						}
					}
					return true
				}
			}
			if doors(corp) != 2 || doors(partner) != 0 || !tells("igloo_settings_refused 0")() {
				t.Fatal("not as it was told at the start")
			}
			write(ours + ", " + theirs)
			until(t, "the other is believed", func() bool { return doors(partner) == 2 })

			write("partner")
			until(t, "the file is refused", tells(`igloo_settings_reloads_total{result="refused"} 1`))
			write("")
			until(t, "the door stays closed", tells(`igloo_settings_reloads_total{result="refused"} 2`))
			if status, _ := ask(t, http.MethodGet, d.URL+"/v1/namespaces", ""); status != http.StatusUnauthorized || doors(corp) != 2 || doors(partner) != 2 {
				t.Errorf("what was refused has changed something: %d", status)
			}
			if !tells("igloo_settings_refused 1")() {
				t.Error("metrics do not tell that the file is wrong")
			}

			write(ours)
			until(t, "the other is not believed any more", func() bool { return tells("igloo_settings_refused 0")() && doors(partner) == 0 })
			if doors(corp) != 2 {
				t.Error("who stayed is not believed any more")
			}
			d.Stop(t)
		})
	}
}

// guardedBy runs Igloo with a file of settings for all its programs, one of whose
// issuers is corp: the catalog is known to it.
func guardedBy(t *testing.T, shape string, corp *idptest.Provider, file string) *iglootest.Deployment {
	t.Helper()
	if shape == "embedded" {
		return iglootest.Shapes()[0].Start(t, "--config", file)
	}
	own := corp.TokenFile(t, idptest.Claims{"sub": "catalog"})
	return iglootest.Split(t, []string{"--config", file, "--housetable-token-file", own}, []string{"--config", file, "--trusted-service", "corp:catalog"})
}
