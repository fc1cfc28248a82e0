package removal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

const (
	// decidable is how old a file may be. The house table service keeps records of
	// operations for a day; a file for which there is none, and which is older than
	// that, may be of an operation that was applied and is forgotten.
	decidable = 12 * time.Hour
	// askedAtOnce is of how many files the house table service is asked in one call.
	askedAtOnce = 100
	// maxCandidates bounds the files that are decided on at once.
	maxCandidates = 1000
)

// candidate is a metadata file that nothing seems to name.
type candidate struct {
	file      string
	operation uuid.UUID
	// recorded is set once it is known that the operation names other files.
	recorded bool
}

// search looks for files of one warehouse. Folders of several may lie in one
// another, so that a file may be of an operation of any.
type search struct {
	*Remover

	warehouses []string // the one that is looked through, then all others
	found      []candidate
}

// sweep deletes the metadata files that were written for operations which were
// never applied, or were applied with other files.
func (r *Remover) sweep(ctx context.Context) error {
	var names []string
	err := r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		names = append(names, w.Name)
		return nil
	})
	if err != nil {
		return err
	}
	var failures []error
	err = r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		if err := r.sweepOne(ctx, w, names); err != nil {
			r.putOff(ctx, w.Name, err)
			failures = append(failures, fmt.Errorf("warehouse %s: %w", w.Name, err))
		}
		return ctx.Err()
	})
	return errors.Join(append(failures, err)...)
}

// sweepOne looks through one of the named warehouses, but for one that is left alone.
func (r *Remover) sweepOne(ctx context.Context, w catalog.Warehouse, names []string) error {
	if !r.away.over(w.Name) {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == w.Name })
	s := &search{Remover: r, warehouses: append([]string{w.Name}, others...)}
	if r.settings.WholeWarehouses && r.settings.Root != nil {
		if err := s.list(ctx, strings.TrimRight(r.settings.Root(w), "/")+"/", nil); err != nil {
			return err
		}
	} else if err := r.eachPointer(ctx, w.Name, func(p catalog.Pointer) error { return s.around(ctx, p) }); err != nil {
		return err
	}
	return s.decide(ctx)
}

// around looks at the files beside the one that a pointer names.
func (s *search) around(ctx context.Context, p catalog.Pointer) error {
	d, err := s.look(ctx, s.warehouses[0], p.MetadataLocation)
	switch {
	case illegible(err):
		return nil // its files are left alone
	case err != nil:
		return err
	}
	return s.list(ctx, parent(p.MetadataLocation)+"/", func(file string) bool {
		return canonical(file) == canonical(p.MetadataLocation) || d.names(file)
	})
}

// list looks at the files below a prefix, but for those that are known to be needed.
func (s *search) list(ctx context.Context, prefix string, needed func(file string) bool) error {
	for object, err := range s.files.In(s.warehouses[0]).List(ctx, prefix) {
		switch {
		case errors.Is(err, objectstore.ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		operation, ours := catalog.OperationOf(object.Location, object.Modified)
		if age := time.Since(object.Modified); !ours || age < s.settings.OrphanAge || age > decidable {
			continue
		}
		if needed != nil && needed(object.Location) {
			continue
		}
		if s.found = append(s.found, candidate{file: object.Location, operation: operation}); len(s.found) < maxCandidates {
			continue
		}
		if err := s.decide(ctx); err != nil {
			return err
		}
	}
	return nil
}

// decide deletes those of the found files that are never to be named. First the
// records are asked, because they spare most; then all live tables; and only what
// neither knows is made sure never to be applied.
func (s *search) decide(ctx context.Context) error {
	found := s.found
	s.found = nil
	var doubtful []candidate
	for some := range slices.Chunk(found, askedAtOnce) {
		left, err := s.unrecorded(ctx, some)
		if err != nil {
			return err
		}
		doubtful = append(doubtful, left...)
	}
	s.counts.kept.Add(int64(len(found) - len(doubtful)))
	doubtful, err := s.unnamed(ctx, doubtful)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(doubtful, askedAtOnce) {
		if err := s.discard(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// unrecorded leaves out the files that the records of their operations name.
func (s *search) unrecorded(ctx context.Context, some []candidate) ([]candidate, error) {
	needed := map[string]bool{}
	for _, warehouse := range s.warehouses {
		ids := operations(some)
		if len(ids) == 0 {
			break
		}
		outcomes, err := s.pointers.Operations(ctx, warehouse, ids)
		if err != nil && !fault.Is(err, fault.NoSuchWarehouse) {
			return nil, err
		}
		for i, c := range some {
			outcome, is := outcomes[c.operation]
			if !is || c.recorded {
				continue
			}
			some[i].recorded = true
			needed[c.file] = names(outcome, c.file)
		}
	}
	return slices.DeleteFunc(slices.Clone(some), func(c candidate) bool { return needed[c.file] }), nil
}

// operations are those of the files for which no record is known, each once.
func operations(some []candidate) []uuid.UUID {
	var ids []uuid.UUID
	seen := map[uuid.UUID]bool{}
	for _, c := range some {
		if !c.recorded && !seen[c.operation] {
			ids, seen[c.operation] = append(ids, c.operation), true
		}
	}
	return ids
}

// names reports whether an operation is recorded with a file.
func names(outcome catalog.Outcome, file string) bool {
	return slices.ContainsFunc(outcome.MetadataLocations, func(location string) bool {
		return canonical(location) == canonical(file)
	})
}

// unnamed leaves out the files that any live table's metadata tells of.
func (s *search) unnamed(ctx context.Context, found []candidate) ([]candidate, error) {
	if len(found) == 0 {
		return nil, nil
	}
	byFile := make(map[string]candidate, len(found))
	for _, c := range found {
		byFile[canonical(c.file)] = c
	}
	unread := newBlind()
	err := s.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		unread.own[w.Name] = w.Storage != nil
		return s.eachPointer(ctx, w.Name, func(p catalog.Pointer) error {
			return unread.miss(w.Name, s.keep(ctx, w.Name, p, byFile))
		})
	})
	if err == nil {
		err = unread.to(s.warehouses[0])
	}
	if err != nil {
		return nil, err
	}
	left := make([]candidate, 0, len(byFile))
	for _, c := range byFile {
		left = append(left, c)
	}
	s.counts.kept.Add(int64(len(found) - len(left)))
	return left, nil
}

// keep takes out what one pointer's metadata tells of.
func (s *search) keep(ctx context.Context, warehouse string, p catalog.Pointer, byFile map[string]candidate) error {
	delete(byFile, canonical(p.MetadataLocation))
	d, err := s.look(ctx, warehouse, p.MetadataLocation)
	switch {
	case errors.Is(err, objectstore.ErrNotFound), fault.Is(err, fault.Invalid):
		return nil // it tells of nothing
	case err != nil && ctx.Err() == nil:
		return unseen{err}
	case err != nil:
		return err
	}
	for _, entry := range d.Log {
		delete(byFile, canonical(entry.File))
	}
	return nil
}

// discard deletes files after their operations are fenced.
func (s *search) discard(ctx context.Context, some []candidate) error {
	some, err := s.fenced(ctx, some)
	if err != nil {
		return err
	}
	doomed := make([]string, len(some))
	for i, c := range some {
		doomed[i] = c.file
	}
	if err := s.pace(ctx, len(doomed)); err != nil {
		return err
	}
	unreachable, err := s.remove(ctx, s.warehouses[0], doomed)
	if err == nil {
		s.counts.orphans.Add(int64(len(doomed)) - unreachable)
	}
	return err
}

// fenced makes sure that operations are never applied with their files, and leaves
// out those that are recorded in the meantime: there the record decides, at the
// next sweep.
func (s *search) fenced(ctx context.Context, some []candidate) ([]candidate, error) {
	for _, warehouse := range s.warehouses {
		lost, err := s.fence(ctx, warehouse, some)
		if err != nil {
			return nil, err
		}
		some = slices.DeleteFunc(slices.Clone(some), func(c candidate) bool { return lost[c.operation] })
	}
	s.counts.fenced.Add(int64(len(operations(some))))
	return some, nil
}

// fence records in one commit that the operations are given up; where one of them
// is recorded by now, in one each. It returns those that a record lets live.
func (s *search) fence(ctx context.Context, warehouse string, some []candidate) (lost map[uuid.UUID]bool, err error) {
	commits := fences(warehouse, some)
	if len(commits) == 0 {
		return nil, nil
	}
	all := catalog.Commit{Warehouse: warehouse}
	for _, c := range commits {
		all.Records = append(all.Records, c.Records...)
	}
	verdict, err := s.pointers.Commit(ctx, all)
	switch {
	case fault.Is(err, fault.NoSuchWarehouse):
		return nil, nil
	case err != nil && !fault.Is(err, fault.OperationReused):
		return nil, err
	case err == nil && len(verdict.Replays) == 0:
		return nil, nil
	}
	lost = map[uuid.UUID]bool{}
	for _, c := range commits {
		verdict, err := s.pointers.Commit(ctx, c)
		id := c.Records[0].Operation.ID
		if err != nil && !fault.Is(err, fault.OperationReused) {
			return nil, err
		}
		lost[id] = err != nil || len(verdict.Replays[id].MetadataLocations) > 0
	}
	return lost, nil
}

// fences are one for each operation of which no record is known.
func fences(warehouse string, some []candidate) []catalog.Commit {
	var commits []catalog.Commit
	seen := map[uuid.UUID]bool{}
	for _, c := range some {
		if !c.recorded && !seen[c.operation] {
			commits, seen[c.operation] = append(commits, catalog.Fence(warehouse, c.operation, c.file)), true
		}
	}
	return commits
}
