// Package authztest owns the suite that every decider passes, and a source of
// grants in memory for tests.
//
// It promises that what the suite asks follows from the words of package authz
// alone, and that the source answers as the house table service does.
package authztest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Journal is a source of grants in memory. The zero Journal has no warehouse.
type Journal struct {
	// PageSize is the most entries of a page; 10,000 when zero.
	PageSize int
	// Before, when set, is called with every question before it is answered.
	Before func(ctx context.Context, warehouse, position string) error

	mu    sync.Mutex
	parts map[string]*part
	epoch int
}

// part is what became of the grants of a warehouse.
type part struct {
	epoch  int
	folded bool
	// log has each entry once, where it was changed last; others are zero.
	log    []authz.Entry
	places map[authz.Entry]int
}

var _ authz.Source = (*Journal)(nil)

// Create makes a warehouse, or makes it anew, without grants.
func (j *Journal) Create(warehouse string, caseInsensitive bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.epoch++
	if j.parts == nil {
		j.parts = map[string]*part{}
	}
	j.parts[warehouse] = &part{epoch: j.epoch, folded: caseInsensitive, places: map[authz.Entry]int{}}
}

// Drop forgets a warehouse.
func (j *Journal) Drop(warehouse string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.parts, warehouse)
}

// Write adds entries to the grants of a warehouse, "" for the server's own.
func (j *Journal) Write(warehouse string, entries ...authz.Entry) {
	if warehouse == "" && j.part("") == nil {
		j.Create("", false)
	}
	p := j.part(warehouse)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range entries {
		key := e
		key.Revoked = false
		if at, known := p.places[key]; known {
			p.log[at] = authz.Entry{}
		}
		p.places[key] = len(p.log)
		p.log = append(p.log, e)
	}
}

func (j *Journal) part(warehouse string) *part {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.parts[warehouse]
}

// FollowAccess implements authz.Source.
func (j *Journal) FollowAccess(ctx context.Context, warehouse, position string) (authz.Changes, error) {
	if j.Before != nil {
		if err := j.Before(ctx, warehouse, position); err != nil {
			return authz.Changes{}, err
		}
	}
	p := j.part(warehouse)
	switch {
	case p == nil && warehouse == "":
		return authz.Changes{}, nil
	case p == nil:
		return authz.Changes{}, fault.New(fault.NoSuchWarehouse, "there is no warehouse %q", warehouse)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return p.after(position, j.PageSize), nil
}

func (p *part) after(position string, size int) authz.Changes {
	changes := authz.Changes{CaseInsensitive: p.folded}
	epoch, place, _ := strings.Cut(position, ".")
	at, err := strconv.Atoi(place)
	if err != nil || epoch != strconv.Itoa(p.epoch) {
		changes.Restart, at = true, 0
	}
	if size == 0 {
		size = 10_000
	}
	for at < len(p.log) && len(changes.Entries) < size {
		if e := p.log[at]; e != (authz.Entry{}) {
			changes.Entries = append(changes.Entries, e)
		}
		at++
	}
	changes.Position, changes.More = fmt.Sprintf("%d.%d", p.epoch, at), at < len(p.log)
	return changes
}
