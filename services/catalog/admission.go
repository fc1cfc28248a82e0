package catalog

import (
	"bytes"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/idempotency"
	"github.com/igloo-catalog/igloo/pkg/pause"
)

// While another request under the same key is at work.
const (
	// lookEvery is the longest wait between two looks, lookFirst the shortest.
	lookFirst = 5 * time.Millisecond
	lookEvery = 100 * time.Millisecond
	// askEvery is how many looks pass until the house tables are asked, who know
	// of what was done by a process that could not say so any more.
	askEvery = 10
	// busyLimit bounds the wait; then the client is to come again.
	busyLimit = 10 * time.Second
)

// admit answers a request from what its key did before, waits while another one
// under the key is at work, and lets it through (nil, nil) otherwise. A request
// without a key is let through.
func (m *mutation) admit(ctx context.Context) (*Outcome, error) {
	if !m.request.keyed() {
		return nil, nil //nolint:nilnil // nothing known is not an error
	}
	ctx, cancel := context.WithTimeout(ctx, busyLimit)
	defer cancel()
	looks, began := 0, time.Now()
	defer func() {
		if looks > 0 {
			m.measures.waited(ctx, time.Since(began))
		}
	}()
	for ; ; looks++ {
		r := m.replays.Reserve(ctx, m.claim())
		m.epoch = r.Epoch
		if r.Finished != nil {
			return m.answered(ctx, *r.Finished, m.replays.Name())
		}
		if r.Busy == nil {
			return nil, nil //nolint:nilnil // it is this request's turn
		}
		if !bytes.Equal(r.Busy, m.op.Fingerprint) {
			return nil, errKeyReused()
		}
		if outcome, err := m.ask(ctx, looks); outcome != nil || err != nil {
			return outcome, err
		}
		if pause.IfTime(ctx, min(lookFirst<<min(looks, 8), lookEvery)) != nil {
			m.measures.rejected(ctx)
			return nil, errBusy()
		}
	}
}

// ask looks, now and then, for what the house tables have recorded.
func (m *mutation) ask(ctx context.Context, looks int) (*Outcome, error) {
	if looks%askEvery != 0 {
		return nil, nil //nolint:nilnil // not asked
	}
	finished, err := m.pointers.Operation(ctx, m.request.Warehouse, m.op.ID)
	if err != nil || finished == nil {
		return nil, nil //nolint:nilnil,nilerr // the one at work will know
	}
	return m.told(ctx, *finished)
}

// remembered lets a request through whose key is younger than what is kept. An
// older one is answered from its record, or not carried out.
func (m *mutation) remembered(ctx context.Context) (*Outcome, error) {
	key, err := uuid.Parse(m.request.Key)
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // no key tells no time
	}
	memory := idempotency.Memory[Finished]{
		Kept: m.settings.MaxKeyAge,
		Born: func() (time.Time, error) {
			w, err := m.pointers.Warehouse(ctx, m.request.Warehouse)
			return w.CreatedAt, err
		},
		Record: func() (*Finished, error) { return m.pointers.Operation(ctx, m.request.Warehouse, m.op.ID) },
	}
	finished, err := memory.Recall(key, m.began)
	if err != nil || finished == nil {
		return nil, err
	}
	return m.told(ctx, *finished)
}

// told answers from a record, and lets the others know.
func (m *mutation) told(ctx context.Context, finished Finished) (*Outcome, error) {
	outcome, err := m.answered(ctx, finished, fromHouseTables)
	if err == nil {
		m.publish(ctx, *outcome)
	}
	return outcome, err
}

func (m *mutation) answered(ctx context.Context, finished Finished, source string) (*Outcome, error) {
	if !finished.Matches(m.op.Fingerprint) {
		return nil, errKeyReused()
	}
	m.measures.replayed(ctx, source)
	return &finished.Outcome, nil
}

func (m *mutation) claim() Claim {
	return Claim{
		Warehouse: m.request.Warehouse, Operation: m.op.ID,
		Fingerprint: m.op.Fingerprint, Holder: m.holder, Epoch: m.epoch,
	}
}

func (m *mutation) publish(ctx context.Context, outcome Outcome) {
	if m.request.keyed() {
		m.published = true
		m.replays.Publish(ctx, m.claim(), outcome)
	}
}

// release lets the next request under the key through, if this one has no outcome.
func (m *mutation) release(ctx context.Context) {
	if m.request.keyed() && !m.published {
		m.replays.Release(context.WithoutCancel(ctx), m.claim())
	}
}

func errKeyReused() error {
	return fault.New(fault.OperationReused, "Idempotency-Key was used before with another request")
}

// errBusy is never a conflict: a client would take that for a failed commit.
func errBusy() error {
	e := fault.New(fault.Unavailable, "another request with the same Idempotency-Key is still at work: send this one again")
	e.RetryAfter = time.Second
	return e
}
