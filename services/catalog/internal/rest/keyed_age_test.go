package rest_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"
)

// madeAt is a key that was made at a time.
func madeAt(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(at.UnixMilli())<<16)
	copy(id[:6], head[:6])
	return id.String()
}

// A request under a key that is older than what is remembered may have been
// applied and forgotten: without a record nobody can tell, and it is not done.
func TestKeysOlderThanWhatIsKept(t *testing.T) {
	month, year := 30*24*time.Hour, 365*24*time.Hour
	w := newWorld(t)
	w.hts.SetCreatedAt("default", time.Now().Add(-month))
	limited := w.replica(t, func(c *choices) { c.settings.MaxKeyAge = 24 * time.Hour })
	now := time.Now()
	for name, c := range map[string]struct {
		key     string
		refused bool
	}{
		"now":                      {madeAt(now), false},
		"in an hour":               {madeAt(now.Add(time.Hour)), false},
		"yesterday":                {madeAt(now.Add(-23 * time.Hour)), false},
		"the day before":           {madeAt(now.Add(-25 * time.Hour)), true},
		"before the warehouse":     {madeAt(now.Add(-year)), false},
		"of another kind of UUIDs": {uuid.NewString(), false},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"namespace":["` + c.key + `"]}`
			r := limited.do(t, "POST", "/v1/namespaces", body, "Idempotency-Key", c.key)
			if !c.refused {
				if r.status != 200 {
					t.Errorf("%d %s", r.status, r.body)
				}
				return
			}
			if _, kind := r.problem(t); r.status != 503 || kind != "SlowDownException" || r.header.Get("Retry-After") != "" {
				t.Errorf("%d, Retry-After %q, %s", r.status, r.header.Get("Retry-After"), r.body)
			}
			same(t, "sent again", r, limited.do(t, "POST", "/v1/namespaces", body, "Idempotency-Key", c.key))
			w.refused(t, 404, "NoSuchNamespaceException", "GET", "/v1/namespaces/"+c.key, "")
			// What is recorded is answered, however old.
			first := w.do(t, "POST", "/v1/namespaces", body, "Idempotency-Key", c.key)
			cold := w.replica(t, func(c *choices) { c.settings.MaxKeyAge = 24 * time.Hour })
			same(t, "recorded", first, limited.do(t, "POST", "/v1/namespaces", body, "Idempotency-Key", c.key),
				cold.do(t, "POST", "/v1/namespaces", body, "Idempotency-Key", c.key))
			cold.refused(t, 400, "BadRequestException", "POST", "/v1/namespaces", `{"namespace":["z"]}`, "Idempotency-Key", c.key)
		})
	}
}
