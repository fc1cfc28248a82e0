package scan

import (
	"context"
	"fmt"
	"sync"

	"github.com/maypok86/otter/v2"
)

// stops are the plans that were cancelled here, and those being worked on.
type stops struct {
	mutex     sync.Mutex
	cancelled *otter.Cache[string, struct{}]
	running   map[string]map[int]context.CancelFunc
	next      int
}

// maxCancelled bounds the plans remembered as cancelled.
const maxCancelled = 10_000

func (s *stops) open() (err error) {
	s.running = map[string]map[int]context.CancelFunc{}
	s.cancelled, err = otter.New(&otter.Options[string, struct{}]{
		MaximumSize: maxCancelled, ExpiryCalculator: otter.ExpiryWriting[string, struct{}](ticketLife),
	})
	if err != nil {
		return fmt.Errorf("make memory of cancelled plans: %w", err)
	}
	return nil
}

// begin notes work on a plan; the function it returns ends the note.
func (s *stops) begin(plan string, cancel context.CancelFunc) func() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.running[plan] == nil {
		s.running[plan] = map[int]context.CancelFunc{}
	}
	s.next++
	id := s.next
	s.running[plan][id] = cancel
	return func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if delete(s.running[plan], id); len(s.running[plan]) == 0 {
			delete(s.running, plan)
		}
	}
}

func (s *stops) cancel(plan string) {
	s.cancelled.Set(plan, struct{}{})
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, cancel := range s.running[plan] {
		cancel()
	}
}

func (s *stops) isCancelled(plan string) bool {
	_, cancelled := s.cancelled.GetIfPresent(plan)
	return cancelled
}
