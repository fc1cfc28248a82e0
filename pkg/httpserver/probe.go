package httpserver

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// probeTimeout bounds one readiness check.
const probeTimeout = 2 * time.Second

// Probes answers the three questions an orchestrator asks: /livez, is the
// process sound; /startedz, has it come up; /readyz, should it get requests.
// It is ready from its making until Drain, while check succeeds.
type Probes struct {
	check    func(context.Context) error
	draining atomic.Bool
}

// NewProbes makes probes whose readiness is check's.
func NewProbes(check func(context.Context) error) *Probes { return &Probes{check: check} }

// Drain makes /readyz say no, so that no new requests are sent here.
func (p *Probes) Drain() { p.draining.Store(true) }

// Register adds the three paths to mux.
func (p *Probes) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", p.alive)
	mux.HandleFunc("GET /startedz", p.alive)
	mux.HandleFunc("GET /readyz", p.ready)
}

func (p *Probes) alive(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n"))
}

func (p *Probes) ready(w http.ResponseWriter, r *http.Request) {
	if p.draining.Load() {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	if err := p.check(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
