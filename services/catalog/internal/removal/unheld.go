package removal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// unheld are the places of live tables that hold none: tables from before places
// were held. Each is given its own when files are first to be deleted; those that
// lie in one another cannot be, and are looked for anew each time.
type unheld struct {
	mu      sync.Mutex
	settled bool
}

// lying is a live table with its place.
type lying struct {
	pointer catalog.Pointer
	place   string
	uuid    string
}

// settle gives every live table its place before something is deleted in a
// warehouse, and returns who holds none all the same.
func (r *Remover) settle(ctx context.Context, warehouse string) ([]catalog.Holder, error) {
	r.unheld.mu.Lock()
	defer r.unheld.mu.Unlock()
	if r.unheld.settled {
		return nil, nil
	}
	s := &settlement{Remover: r, blind: newBlind()}
	err := r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		s.blind.own[w.Name] = w.Storage != nil
		return s.warehouse(ctx, w.Name)
	})
	r.unheld.settled = err == nil && len(s.crowded) == 0
	if err == nil {
		err = s.blind.to(warehouse)
	}
	if err != nil {
		return nil, fmt.Errorf("let tables hold where they lie: %w", err)
	}
	return s.crowded, nil
}

// settlement is one look at all live tables.
type settlement struct {
	*Remover

	blind   blind
	crowded []catalog.Holder
}

func (s *settlement) warehouse(ctx context.Context, name string) error {
	var some []catalog.Pointer
	flush := func() error {
		err := s.some(ctx, name, some)
		some = some[:0]
		return err
	}
	err := s.eachPointer(ctx, name, func(p catalog.Pointer) error {
		if p.Kind == catalog.FunctionKind {
			return nil // it has no place
		}
		if some = append(some, p); len(some) < batchFiles {
			return nil
		}
		return flush()
	})
	return errors.Join(err, flush())
}

// some reads where those lie that hold no place. Most do, where their metadata is,
// which the house table service knows.
func (s *settlement) some(ctx context.Context, warehouse string, pointers []catalog.Pointer) error {
	holders, err := s.holders(ctx, warehouse, pointers)
	if err != nil {
		return err
	}
	var found []lying
	for _, p := range pointers {
		if holds(p, holders) {
			continue
		}
		l, err := s.lying(ctx, warehouse, p)
		if err := s.blind.miss(warehouse, err); err != nil {
			return err
		}
		switch {
		case err != nil:
			s.crowded = append(s.crowded, catalog.Holder{Location: l.place, Pointer: &l.pointer})
		case l.place != "":
			found = append(found, l)
		}
	}
	left, err := s.settleAll(ctx, warehouse, found)
	s.crowded = append(s.crowded, left...)
	return err
}

// holders are those of the places that the pointers' metadata files tell of.
func (r *Remover) holders(ctx context.Context, warehouse string, pointers []catalog.Pointer) ([]catalog.Holder, error) {
	places := make([]string, 0, len(pointers))
	for _, p := range pointers {
		if place, err := catalog.HeldLocation(defaultPlace(p)); err == nil {
			places = append(places, place)
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	return r.pointers.Holders(ctx, warehouse, places)
}

// holds reports whether a pointer is one of the holders.
func holds(p catalog.Pointer, holders []catalog.Holder) bool {
	return slices.ContainsFunc(holders, func(h catalog.Holder) bool { return h.Pointer != nil && h.Pointer.UUID == p.UUID })
}

// lying finds out where a live table lies. Of one whose metadata cannot be read,
// it is the place that such a file has by default; so it is, with an error, of one
// that is unseen.
func (r *Remover) lying(ctx context.Context, warehouse string, p catalog.Pointer) (lying, error) {
	d, err := r.look(ctx, warehouse, p.MetadataLocation)
	if err != nil {
		d = &document{Location: defaultPlace(p)}
	}
	if illegible(err) {
		err = nil
	}
	place, unplaced := catalog.HeldLocation(d.Location)
	if unplaced != nil {
		place = "" // where nothing can be held nobody deletes
	}
	return lying{pointer: p, place: place, uuid: d.UUID}, err
}

// settleAll gives those their places who do not hold them.
func (r *Remover) settleAll(ctx context.Context, warehouse string, found []lying) ([]catalog.Holder, error) {
	if len(found) == 0 {
		return nil, nil
	}
	places := make([]string, len(found))
	for i, l := range found {
		places[i] = l.place
	}
	holders, err := r.pointers.Holders(ctx, warehouse, places)
	if err != nil {
		return nil, err
	}
	var crowded []catalog.Holder
	for _, l := range found {
		if holds(l.pointer, holders) {
			continue
		}
		verdict, err := r.pointers.Commit(ctx, catalog.Settling(warehouse, l.pointer, catalog.Holds{Location: l.place, MetadataUUID: catalog.HeldUUID(l.uuid)}))
		if err != nil {
			return nil, err
		}
		if len(verdict.Conflicts) > 0 {
			r.log.WarnContext(ctx, "a table cannot hold where it lies, nothing around is deleted", "table", l.pointer.Identifier.String(), "place", l.place)
			crowded = append(crowded, catalog.Holder{Location: l.place, Pointer: &l.pointer})
		}
	}
	return crowded, nil
}

// around are those of the holders that lie at one of some places, above or below.
func around(places []string, holders []catalog.Holder) []catalog.Holder {
	return slices.DeleteFunc(slices.Clone(holders), func(h catalog.Holder) bool {
		return !within(h.Location, places) && !slices.ContainsFunc(places, func(place string) bool { return within(place, []string{h.Location}) })
	})
}
