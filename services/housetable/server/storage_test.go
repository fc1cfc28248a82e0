package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/logtest"
	"github.com/igloo-catalog/igloo/pkg/seal"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

const canary = "canary-7d1f-not-to-be-seen"

// trier answers for the catalog service: each location is a root by its own name,
// and what it was last asked is kept.
type trier struct {
	htsv1.UnimplementedProbeServiceServer

	mu   sync.Mutex
	last *htsv1.Warehouse
	err  error
}

func (p *trier) ProbeStorage(_ context.Context, r *htsv1.ProbeStorageRequest) (*htsv1.ProbeStorageResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = r.GetWarehouse()
	return &htsv1.ProbeStorageResponse{Roots: append([]string{p.last.GetLocation()}, p.last.GetStorage().GetAllowedRoots()...)}, p.err
}

// stored is a server that keeps profiles, with everything that it shows.
type stored struct {
	*testing.T

	client   htsv1.WarehouseServiceClient
	url      string
	database string
	trier    *trier
	log      *logtest.Lines
}

func serveStored(t *testing.T, database string, keys ...string) *stored {
	t.Helper()
	s := &stored{T: t, database: database, trier: &trier{}, log: &logtest.Lines{}}
	channel := &inprocgrpc.Channel{}
	log := s.log.Logger()
	channel.WithServerUnaryInterceptor(grpcserver.Unary(log, authn.Unary(nil)))
	htsv1.RegisterProbeServiceServer(channel, s.trier)
	hts, err := server.New(t.Context(), server.Config{
		DatabaseURL: database, Migrate: true, ProberConn: channel, KeySettings: seal.KeySettings{SealKeys: strings.Join(keys, ",")},
	}, log)
	s.must(err)
	web := httptest.NewServer(hts.Gateway())
	t.Cleanup(func() { web.Close(); s.must(hts.Close()) })
	s.client, s.url = htsv1.NewWarehouseServiceClient(hts.Conn()), web.URL
	return s
}

func (s *stored) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// ask speaks JSON and makes sure that no answer has the secret, sealed or not.
func (s *stored) ask(method, path, body string, want int, headers ...string) map[string]any {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	s.must(err)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	reply, err := http.DefaultClient.Do(request)
	s.must(err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	s.must(err)
	if reply.StatusCode != want {
		s.Fatalf("%s %s: %d %s", method, path, reply.StatusCode, text)
	}
	if strings.Contains(string(text), canary) || strings.Contains(string(text), `"sealed"`) {
		s.Errorf("%s %s tells of the secret: %s", method, path, text)
	}
	answer := map[string]any{}
	if len(text) > 0 {
		s.must(json.Unmarshal(text, &answer))
	}
	return answer
}

// get is the warehouse w1 as the catalog service reads it.
func (s *stored) get() *htsv1.Warehouse {
	s.Helper()
	answer, err := s.client.GetWarehouse(s.Context(), &htsv1.GetWarehouseRequest{Name: "w1"})
	s.must(err)
	if strings.Contains(answer.String(), canary) {
		s.Errorf("read: %s", answer)
	}
	return answer.GetWarehouse()
}

// opens checks that the secret of w1 is the wanted one with a ring.
func (s *stored) opens(want string, keys ...string) {
	s.Helper()
	ring, err := seal.ParseRing(strings.Join(keys, ","))
	s.must(err)
	got, err := ring.Open(s.get().GetStorage().GetSealed()["s3.secret_access_key"], "w1", "s3.secret_access_key")
	if err != nil || got != want {
		s.Errorf("secret: %t, %v", got == want, err)
	}
}

// dump is everything in the database.
func (s *stored) dump() string {
	s.Helper()
	command := exec.Command("pg_dump", s.database) //nolint:noctx // a test's database
	if path, is := strings.CutPrefix(s.database, "sqlite://"); is {
		command = exec.Command("sh", "-c", `cat "$0"*`, path) //nolint:noctx // a test's folder
	}
	out, err := command.Output()
	s.must(err)
	return string(out)
}

func createBody(name string) string {
	return fmt.Sprintf(`{"warehouse":{"name":%q,"location":"s3://b/%s","storage":{"s3":{"endpoint":"http://store:9000","accessKeyId":"id","secretAccessKey":%q},"allowedRoots":["s3://more/%s"]}}}`,
		name, name, canary, name)
}

func TestStorageOfWarehouses(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			a, b := seal.NewKey("a"), seal.NewKey("b")
			s := serveStored(t, database, a)
			t.Run("secrets are sealed and never shown", func(t *testing.T) { s.T = t; sealedSecrets(s, a) })
			t.Run("an update keeps what it does not give", func(t *testing.T) { s.T = t; keptSecrets(s, a) })
			t.Run("a secret goes nowhere but where it was given for", func(t *testing.T) { s.T = t; movedStores(s) })
			t.Run("what cannot be is refused", func(t *testing.T) { s.T = t; refusedProfiles(s) })
			t.Run("what is not there when it is tried is refused", func(t *testing.T) { s.T = t; untried(s) })
			both := serveStored(t, database, b, a)
			t.Run("keys are rotated", func(t *testing.T) { both.T = t; rotated(both, a, b) })
			for _, of := range []*stored{s, both} {
				if strings.Contains(of.log.String(), canary) {
					t.Error("the log tells of the secret")
				}
			}
			if strings.Contains(both.dump(), canary) {
				t.Error("the database has the secret")
			}
			if !strings.Contains(both.dump(), "s3://b/w1") {
				t.Error("the dump is not one of the database")
			}
		})
	}
}

func sealedSecrets(s *stored, keys ...string) {
	milliseconds := fmt.Sprintf("%012x", time.Now().UnixMilli())
	key := milliseconds[:8] + "-" + milliseconds[8:] + "-7000-8000-000000000001"
	answer := s.ask("POST", "/hts/warehouses", createBody("w1"), 201, "Idempotency-Key", key)
	storage := answer["warehouse"].(map[string]any)["storage"].(map[string]any)
	if fmt.Sprint(storage["secrets"]) != "[s3.secret_access_key]" || storage["gcs"] != nil {
		s.Errorf("%v", storage)
	}
	s.ask("POST", "/hts/warehouses", createBody("w1"), 201, "Idempotency-Key", key)
	s.ask("GET", "/hts/warehouses/w1", "", 200)
	s.ask("GET", "/hts/warehouses", "", 200)
	s.opens(canary, keys...)
	if got := s.get(); got.GetStorage().GetS3().SecretAccessKey != nil || got.GetStorage().GetAllowedRoots()[0] != "s3://more/w1" {
		s.Errorf("%v", got)
	}
	if s.trier.last.GetStorage().GetSealed()["s3.secret_access_key"] == "" {
		s.Error("it was tried without its secret")
	}
	s.ask("POST", "/hts/warehouses/w1/check", "", 200)
	ring, err := seal.ParseRing(keys[0])
	s.must(err)
	if _, err := ring.Open(s.get().GetStorage().GetSealed()["s3.secret_access_key"], "w2", "s3.secret_access_key"); err == nil {
		s.Error("it opens for another warehouse")
	}
}

func keptSecrets(s *stored, keys ...string) {
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"s3":{"endpoint":"http://store:9000","region":"eu","accessKeyId":"id"},"delegation":"DELEGATION_POLICY_NEVER"}}`, 200)
	s.opens(canary, keys...)
	if got := s.get(); got.GetStorage().GetS3().GetRegion() != "eu" || got.GetVersion() != 2 || len(got.GetStorage().GetAllowedRoots()) != 0 {
		s.Errorf("%v", got)
	}
	s.ask("PATCH", "/hts/warehouses/w1", `{"updates":{"p":"1"}}`, 200)
	s.opens(canary, keys...)
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"s3":{"accessKeyId":"id2","secretAccessKey":"`+canary+`2"}},"expectedVersion":"2"}`, 409)
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"s3":{"accessKeyId":"id2","secretAccessKey":"`+canary+`2"}},"expectedVersion":"3"}`, 200)
	s.opens(canary+"2", keys...)
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"s3":{"secretAccessKey":""}}}`, 200)
	if got := s.get(); len(got.GetStorage().GetSealed()) != 0 {
		s.Errorf("what was taken away is there: %v", got)
	}
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"s3":{"accessKeyId":"id","secretAccessKey":"`+canary+`"}}}`, 200)
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"adls":{"account":"one","endpoint":"https://one.z1.blob.storage.azure.net"}}}`, 200)
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"gcs":{"stsEndpoint":"https://sts.googleapis.com"}}}`, 200)
	if got := s.get(); len(got.GetStorage().GetSealed()) != 0 || got.GetStorage().GetGcs() == nil {
		s.Errorf("another store has the secret of the one before: %v", got)
	}
	s.ask("PATCH", "/hts/warehouses/w1", `{"storage":{"s3":{"accessKeyId":"id","secretAccessKey":"`+canary+`"}}}`, 200)
}

func refusedProfiles(s *stored) {
	before := s.get().GetVersion()
	for body, want := range map[string]string{
		`{"storage":{}}`: "storage: names no store",
		`{"storage":{"s3":{"accessKeyId":"id","secretAccessKey":""}}}`:                                  "go together",
		`{"storage":{"s3":{"secretAccessKey":"` + canary + `"}}}`:                                       "go together",
		`{"storage":{"s3":{"endpoint":"store:9000"}}}`:                                                  "storage.s3.endpoint",
		`{"storage":{"s3":{"endpoint":"http://me:` + canary + `@store:9000"}}}`:                         "storage.s3.endpoint",
		`{"storage":{"s3":{"region":"x.evil.example/"}}}`:                                               "storage.s3.region",
		`{"storage":{"adls":{"account":"evil.example/"}}}`:                                              "storage.adls.account",
		`{"storage":{"adls":{"account":"one","endpoint":"https://evil.example"}}}`:                      "storage.adls.endpoint",
		`{"storage":{"adls":{"account":"one","endpoint":"http://one.blob.core.windows.net"}}}`:          "storage.adls.endpoint",
		`{"storage":{"adls":{"account":"one","endpoint":"https://evil.example/x.core.windows.net"}}}`:   "storage.adls.endpoint",
		`{"storage":{"gcs":{"vendedTokens":true,"stsEndpoint":"https://googleapis.com.evil.example"}}}`: "storage.gcs.sts_endpoint",
		`{"storage":{"local":{},"keyLifeSeconds":"5"}}`:                                                 "storage.key_life_seconds",
		`{"storage":{"local":{},"delegation":9}}`:                                                       "storage.delegation",
		`{"storage":{"local":{},"allowedRoots":[""]}}`:                                                  "storage.allowed_roots[0]",
		`{"storage":{"gcs":{"serviceAccount":"` + strings.Repeat("x", 20000) + `"}}}`:                   "storage.gcs.service_account",
	} {
		if message := fmt.Sprint(s.ask("PATCH", "/hts/warehouses/w1", body, 400)["message"]); !strings.Contains(message, want) {
			s.Errorf("%s: %s", body, message)
		}
	}
	s.ask("POST", "/hts/warehouses", strings.ReplaceAll(createBody("w2"), "s3://b/w2", "s3://b/w1/in"), 409)
	if after := s.get().GetVersion(); after != before {
		s.Errorf("version %d became %d", before, after)
	}
	s.ask("POST", "/hts/warehouses/default/check", "", 400)
	s.ask("POST", "/hts/warehouses/none/reseal", "", 404)
	s.ask("GET", "/hts/warehouses/w1/reseal", "", 405)
	bare, _ := serve(s.T, s.database)
	_, err := htsv1.NewWarehouseServiceClient(bare.Conn()).UpdateWarehouse(s.Context(), &htsv1.UpdateWarehouseRequest{
		Name: "default", Storage: &htsv1.StorageProfile{Store: &htsv1.StorageProfile_Local{Local: &htsv1.LocalStorage{}}},
	})
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "prober") {
		s.Errorf("without a prober: %v", err)
	}
	keyless := serveStored(s.T, s.database)
	if message := fmt.Sprint(keyless.ask("POST", "/hts/warehouses", createBody("w3"), 400)["message"]); !strings.Contains(message, "seal-keys") {
		s.Errorf("without keys: %s", message)
	}
}

func untried(s *stored) {
	s.trier.err = fault.New(fault.Forbidden, "the right to list objects is missing at root s3://b/w4")
	defer func() { s.trier.err = nil }()
	if message := fmt.Sprint(s.ask("POST", "/hts/warehouses", createBody("w4"), 403)["message"]); !strings.Contains(message, "to list objects") {
		s.Error(message)
	}
	s.ask("GET", "/hts/warehouses/w4", "", 404)
}

func rotated(s *stored, before, after string) {
	s.opens(canary, before)
	version := s.get().GetVersion()
	s.ask("POST", "/hts/warehouses/w1/reseal?expectedVersion=1", "", 409)
	s.ask("POST", "/hts/warehouses/w1/reseal", "", 200)
	s.opens(canary, after)
	if got := s.get().GetVersion(); got != version+1 {
		s.Errorf("version %d became %d", version, got)
	}
	stranger := serveStored(s.T, s.database, seal.NewKey("c"))
	stranger.ask("POST", "/hts/warehouses/w1/reseal", "", 400)
	s.opens(canary, after)
}
