package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/otlptest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// clientSecret is of a key that a store's clients are given as it is.
const clientSecret = "canary-of-clients"

// ear asks, and keeps every answer that no secret may be in.
type ear struct {
	*testing.T

	d      *iglootest.Deployment
	heard  []string
	traces *otlptest.Collector
}

// ask asks for what must not hold a secret.
func (e *ear) ask(method, url, body string, header ...string) string {
	e.Helper()
	_, answer := ask(e.T, method, url, body, header...)
	e.heard = append(e.heard, method+" "+url+": "+answer)
	return answer
}

// given asks for access, and returns the secrets that it consists of.
func (e *ear) given(method, url, body, way string) []string {
	e.Helper()
	status, answer := ask(e.T, method, url, body, "X-Iceberg-Access-Delegation", way)
	if status != http.StatusOK {
		e.Fatalf("%s %s: %d %s", method, url, status, answer)
	}
	var found struct {
		Credentials []struct{ Config map[string]string } `json:"storage-credentials"`
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		e.Fatal(err)
	}
	var secrets []string
	for _, c := range found.Credentials {
		for key, value := range c.Config {
			if strings.Contains(key, "secret") || strings.HasSuffix(key, "token") || strings.Contains(key, "sas-token.") {
				secrets = append(secrets, value)
			}
		}
	}
	if way == "vended-credentials" && len(secrets) == 0 {
		e.Fatalf("no secrets in %s", answer)
	}
	return secrets
}

// TestNoSecretOfAStoreIsTold: neither the secrets of warehouses, which are sealed, nor
// those that clients are given are in what the programs write, or in any answer but
// those that give them; not when requests fail either.
func TestNoSecretOfAStoreIsTold(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			traces := collecting(t, "http/protobuf")
			e := &ear{T: t, traces: traces, d: shape.Start(t, "--log-level", "debug")}
			warehouses := kinds(t)
			delete(warehouses, "azure") // it gives clients nothing here, and is slow to start
			warehouses["static"] = onStatic(t)
			secrets := []string{clientSecret}
			for name, k := range warehouses {
				e.warehouse(name, k)
				secrets = slices.Concat(secrets, k.secrets, e.table(name))
			}
			e.ask(http.MethodGet, e.d.HTS+"/hts/warehouses", "")
			e.ask(http.MethodGet, e.d.HTS+"/metrics", "")
			e.ask(http.MethodGet, e.d.URL+"/metrics", "")
			_, _ = ask(t, http.MethodGet, e.d.URL+"/v1/config", "", "X-Request-Id", "the-last-request")
			until(t, "the traces come", func() bool { return strings.Contains(traces.Text(t), "the-last-request") })
			e.heard = append(e.heard, "traces: "+traces.Text(t))
			slices.Sort(secrets)
			for _, secret := range slices.Compact(secrets) {
				e.silentAbout(secret)
			}
		})
	}
}

// onStatic is a warehouse whose clients are given a key that is not narrowed.
func onStatic(t *testing.T) kind {
	t.Helper()
	k, server := onAmazon(t), s3test.New(t)
	k.storage = `"s3":{"endpoint":"` + server.Endpoint() + `","region":"` + s3test.Region + `","pathStyle":true,"accessKeyId":"` + s3test.AccessKeyID +
		`","secretAccessKey":"` + s3test.SecretAccessKey + `","clientAccessKeyId":"client","clientSecretAccessKey":"` + clientSecret + `"}`
	return k
}

// warehouse makes one, after attempts that are refused, and changes it.
func (e *ear) warehouse(name string, k kind) {
	e.Helper()
	profile, url := k.profile(name), e.d.HTS+"/hts/warehouses"
	secret, _ := json.Marshal(k.secrets[0]) //nolint:errchkjson // a string
	scheme, _, _ := strings.Cut(k.root, "://")
	for _, wrong := range []string{
		profile[:strings.Index(profile, k.secrets[0])+len(k.secrets[0])/2],
		strings.Replace(profile, k.root, "file:///etc", 1),
		strings.Replace(profile, k.root, scheme+"://none/w", 1),
		strings.Replace(profile, `ecretAccessKey":`, `ecretAccessKey":[`+string(secret)+`],"x":`, 1),
		strings.Replace(profile, `erviceAccount":`, `erviceAccount":{"private_key":`+string(secret)+`},"x":`, 1),
	} {
		if wrong != profile {
			e.ask(http.MethodPost, url, wrong)
		}
	}
	if answer := e.ask(http.MethodPost, url, profile); !strings.Contains(answer, `"`+name+`"`) {
		e.Fatal(answer)
	}
	e.ask(http.MethodPost, url, profile)
	e.ask(http.MethodGet, url+"/"+name, "")
	e.ask(http.MethodPost, url+"/"+name+"/check", "")
	e.ask(http.MethodPost, url+"/"+name+"/reseal", "")
	e.ask(http.MethodPatch, url+"/"+name, `{"storage":{`+k.storage+`,"allowedRoots":["`+k.root+`-more"]}}`)
}

// table goes through the life of a table whose clients are given access, and returns
// what they were given.
func (e *ear) table(warehouse string) []string {
	e.Helper()
	tables := e.d.URL + "/v1/" + warehouse + "/namespaces/ns/tables"
	e.ask(http.MethodGet, e.d.URL+"/v1/config?warehouse="+warehouse, "")
	e.ask(http.MethodPost, e.d.URL+"/v1/"+warehouse+"/namespaces", `{"namespace":["ns"]}`)
	secrets := slices.Concat(
		e.given(http.MethodPost, tables, table, "vended-credentials"),
		e.given(http.MethodGet, tables+"/t", "", "vended-credentials"),
		e.given(http.MethodGet, tables+"/t/credentials", "", "vended-credentials"))
	e.given(http.MethodGet, tables+"/t", "", "remote-signing")
	e.ask(http.MethodPost, tables+"/t/sign", `{"region":"elsewhere","method":"GET","headers":{},"uri":"http://no.where/x"}`)
	loaded := e.ask(http.MethodGet, tables+"/t", "")
	e.ask(http.MethodPost, tables, table)
	e.ask(http.MethodGet, tables+"/none", "", "X-Iceberg-Access-Delegation", "vended-credentials")
	e.ask(http.MethodPost, tables+"/t", `{"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}`)
	e.ask(http.MethodPost, tables+"/t", `{"requirements":[{"type":"assert-table-uuid","uuid":"x"}],"updates":[]}`)
	e.ask(http.MethodPost, tables+"/t/plan", `{}`)
	e.ask(http.MethodGet, e.d.HTS+"/hts/tables?databaseId=ns&tableId=t", "")
	e.ask(http.MethodDelete, tables+"/t?purgeRequested=true", "")
	e.ask(http.MethodPost, e.d.URL+"/v1/"+warehouse+"/namespaces/ns/register", `{"name":"u","metadata-location":"`+locationIn(e.T, loaded)+`x"}`)
	e.ask(http.MethodGet, tables+"/t", "", "X-Iceberg-Access-Delegation", "vended-credentials")
	return secrets
}

func locationIn(t *testing.T, loaded string) string {
	t.Helper()
	var answer struct {
		Location string `json:"metadata-location"`
	}
	if err := json.Unmarshal([]byte(loaded), &answer); err != nil || answer.Location == "" {
		t.Fatalf("%s: %v", loaded, err)
	}
	return answer.Location
}

// silentAbout wants a secret in nothing that was heard or written, as it is or as
// JSON or a URL would have it.
func (e *ear) silentAbout(secret string) {
	e.Helper()
	quoted, _ := json.Marshal(secret) //nolint:errchkjson // a string
	for _, spelling := range []string{secret, strings.Trim(string(quoted), `"`), strings.ReplaceAll(secret, "/", "%2F")} {
		for _, text := range e.heard {
			if strings.Contains(text, spelling) {
				e.Errorf("the secret %.12s… is told: %.600s", secret, text)
			}
		}
		for _, output := range e.d.Outputs() {
			if before, _, found := strings.Cut(output, spelling); found {
				e.Errorf("the secret %.12s… is written, after: %s", secret, before[max(0, len(before)-300):])
			}
		}
	}
}
