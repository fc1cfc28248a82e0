package replays_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
)

// TestALostRedisIsToldAllTheTime: whoever looks, at whatever moment between tries, is
// told that Redis fails until it answers again.
func TestALostRedisIsToldAllTheTime(t *testing.T) {
	server := redistest.New(t)
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	defer meters.Close()
	r, err := replays.OpenRedis(server.URL(), one(t), meters.Meter("test"), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	told := func() float64 {
		return telemetrytest.Read(t, telemetry.Scrape(meters)).Sum("igloo_catalog_redis_breaker_open")
	}
	eventually(t, "it is used", func() bool { return told() == 0 })
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is told that it fails", func() bool { return told() == 1 })
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if told() != 1 {
			t.Fatal("it is told that Redis is used, which is away")
		}
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is told that it is used again", func() bool { return told() == 0 })
}
