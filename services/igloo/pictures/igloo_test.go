package pictures_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/pkg/otlptest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// haste is how many requests a second of one caller are answered.
const haste = 150

// igloo is two catalogs and a house table service, on Postgres, Redis and S3, which
// let in who says who they are.
type igloo struct {
	*iglootest.Deployment

	second string // the URL of the other catalog
	people *idptest.Provider
	traces *otlptest.Collector
}

func newIgloo(t *testing.T) *igloo {
	t.Helper()
	i := &igloo{people: idptest.New(t), traces: otlptest.New(t)}
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	store := s3test.NewWithSTS(t)
	both := []string{
		"--auth-issuer", "corp=" + i.people.URL, "--admin", "corp:owner",
		"--trace-endpoint", i.traces.HTTP, "--trace-sample-ratio", "0", // but for whom asks for it
	}
	i.Deployment = iglootest.Split(t,
		append([]string{
			"--housetable-token-file", i.people.TokenFile(t, idptest.Claims{"sub": "catalog"}),
			"--warehouse-root", "s3://" + s3test.Bucket + "/warehouse", "--s3-endpoint", store.Endpoint(), "--s3-path-style",
			"--s3-region", s3test.Region, "--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key", s3test.SecretAccessKey,
			"--s3-role-arn", "arn:aws:iam::000000000000:role/tables", "--s3-sts-endpoint", store.STS(),
			"--request-rate", strconv.Itoa(haste), "--purge-interval", "1s",
		}, both...),
		append([]string{"--trusted-service", "corp:catalog"}, both...))
	i.second = i.Replica(t)
	return i
}

// token is that of somebody.
func (i *igloo) token(t *testing.T, who string) string {
	t.Helper()
	return i.people.Token(t, idptest.Claims{"sub": who})
}

// scraped are what Prometheus scrapes.
func (i *igloo) scraped() map[string]map[string]string {
	address := func(url string) string { return strings.TrimPrefix(url, "http://") }
	return map[string]map[string]string{
		"igloo-catalog":    {"catalog-0": address(i.URL), "catalog-1": address(i.second)},
		"igloo-housetable": {"housetable-0": address(i.HTS)},
	}
}
