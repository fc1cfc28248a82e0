package conformance_test

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
)

// The tokens of who is to outlive them are good for so long, and then, as clocks may
// differ, for so long yet: the time that a client has to renew them.
const (
	shortLife = 15 * time.Second
	lateBy    = "10s"
)

// runSparkAuth has Spark show who it is, by credentials and by tokens, where everybody
// may do what they are granted: python/test_spark_auth.py. One provider gives new
// tokens for old ones, the other does not.
func runSparkAuth(t *testing.T, b *bench) []outcome {
	t.Helper()
	corp, plain := idptest.New(t), idptest.New(t)
	corp.Exchange()
	for _, p := range []*idptest.Provider{corp, plain} {
		for id, life := range map[string]time.Duration{"owner": time.Hour, "ann": time.Hour, "ben": time.Hour, "brief": shortLife} {
			p.Enrol(idptest.Client{ID: id, Secret: "secret-of-" + id, Scope: "lake", Life: life})
		}
	}
	d := b.shape.StartGuarded(t, corp, "--auth-issuer", "plain="+plain.URL, "--auth-clock-skew", lateBy, "--authorization-lag", "500ms")
	outcomes := runScript(t, b, "test_spark_auth.py", d, "IGLOO_SPARK_JAR="+b.installed(t, "java", "spark.jar"),
		"IGLOO_HTS="+d.HTS, "IGLOO_ROOT="+d.Root, "IGLOO_TOKENS="+corp.Tokens(), "IGLOO_PLAIN_TOKENS="+plain.Tokens(),
		"IGLOO_EXPIRED="+corp.Token(t, idptest.Claims{"sub": "ann", "exp": 1700000000}))
	if corp.Exchanged() == 0 || plain.Exchanged() != 0 {
		t.Errorf("%d tokens were given for old ones, and %d by who does not do that", corp.Exchanged(), plain.Exchanged())
	}
	return outcomes
}
