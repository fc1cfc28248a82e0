package authz

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Measured is a decider that counts what it decides.
type Measured struct {
	Decider

	allowed, refused, failed atomic.Int64
}

// Measure counts the decisions of a decider, told with the name of the service
// that asks.
func Measure(by Decider, meter metric.Meter, service string) (*Measured, error) {
	m, i := &Measured{Decider: by}, telemetry.NewInstruments(meter)
	decisions := i.Int64ObservableCounter("igloo.authorization.decisions", "{decision}", "Decisions about what somebody may do, by how they went.")
	from := attribute.String("service", service)
	i.Register(func(_ context.Context, o metric.Observer) error {
		for result, n := range map[string]*atomic.Int64{"allowed": &m.allowed, "refused": &m.refused, "failed": &m.failed} {
			o.ObserveInt64(decisions, n.Load(), metric.WithAttributes(from, attribute.String("result", result)))
		}
		return nil
	}, decisions)
	return m, i.Err()
}

// Decide implements Decider.
func (m *Measured) Decide(ctx context.Context, who authn.Identity, questions ...Question) ([]Decision, error) {
	decisions, err := m.Decider.Decide(ctx, who, questions...)
	if err != nil {
		m.failed.Add(int64(len(questions)))
		return nil, err
	}
	allowed := int64(0)
	for _, d := range decisions {
		if d.Allowed {
			allowed++
		}
	}
	m.allowed.Add(allowed)
	m.refused.Add(int64(len(decisions)) - allowed)
	return decisions, nil
}

// use counts what a follower did.
type use struct{ done, failed atomic.Int64 }

func (u *use) refreshed(err error) {
	if err != nil && fault.KindOf(err) != fault.NoSuchWarehouse {
		u.failed.Add(1)
		return
	}
	u.done.Add(1)
}

// Measure tells how the follower fares, with the name of the service that it is of.
func (f *Follower) Measure(meter metric.Meter, service string) error {
	i := telemetry.NewInstruments(meter)
	refreshes := i.Int64ObservableCounter("igloo.authorization.refreshes", "{refresh}", "How often it was asked what is new of the grants of a warehouse, or of the server, by how that went.")
	age := i.Float64ObservableGauge("igloo.authorization.snapshot.age", "s", "How old what is known of the server's own grants is. It grows while nobody asks for anything.")
	held := i.Int64ObservableGauge("igloo.authorization.grants", "{grant}", "Grants that are held in memory.")
	from := attribute.String("service", service)
	i.Register(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(refreshes, f.use.done.Load(), metric.WithAttributes(from, attribute.String("result", "ok")))
		o.ObserveInt64(refreshes, f.use.failed.Load(), metric.WithAttributes(from, attribute.String("result", "failed")))
		seconds, grants := f.state()
		o.ObserveFloat64(age, seconds, metric.WithAttributes(from))
		o.ObserveInt64(held, grants, metric.WithAttributes(from))
		return nil
	}, refreshes, age, held)
	return i.Err()
}

// state is how old the server's own grants are, in seconds, and how many grants
// are held.
func (f *Follower) state() (age float64, held int64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for name, of := range f.followed {
		last := of.last.Load()
		if last == nil {
			continue
		}
		held += int64(last.snapshot.Len())
		if name == "" {
			age = time.Since(last.began).Seconds()
		}
	}
	return age, held
}
