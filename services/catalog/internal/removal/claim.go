package removal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// occupied is why a job can never be done: somebody has the place.
func occupied(location, owner string) error {
	return refuse("a live table lies at %s or around it: %s", location, owner)
}

// claim makes the place of a dropped table this job's own, so that nobody comes
// to lie there while it is emptied, and returns what leaves out the files that
// must stay.
func (r *Remover) claim(ctx context.Context, j catalog.Job, d *document) (func(context.Context, []string) ([]string, error), error) {
	if r.settings.OverlappingLocations {
		s := &surveys{Remover: r, warehouse: j.Warehouse, location: d.Location}
		return s.ours, nil
	}
	places, err := r.take(ctx, j, catalog.JobHolds{MetadataUUID: catalog.HeldUUID(d.UUID)}, d.Location)
	if err != nil {
		return nil, err
	}
	return (&ground{Remover: r, job: j, places: places}).ours, nil
}

// take gives a job places that nobody lies at, above or below, in any warehouse.
// Another warehouse's table may come there later: what lies in the roots of two
// is for operators to keep apart.
func (r *Remover) take(ctx context.Context, j catalog.Job, holds catalog.JobHolds, locations ...string) ([]string, error) {
	for _, location := range locations {
		place, err := catalog.HeldLocation(location)
		if err != nil {
			return nil, refuse("nobody can be kept from %s: %s", location, err)
		}
		holds.Locations = append(holds.Locations, place)
	}
	crowded, err := r.settle(ctx, j.Warehouse)
	if err != nil {
		return nil, err
	}
	others, err := r.jobs.Hold(ctx, j, holds)
	switch {
	case fault.Is(err, fault.CommitFailed):
		return nil, errLost
	case err != nil:
		return nil, fmt.Errorf("hold %s: %w", locations[0], err)
	case len(others) == 0:
		others, err = r.elsewhere(ctx, j, holds.Locations)
		others = append(others, around(holds.Locations, crowded)...)
	}
	switch {
	case err != nil:
		return nil, err
	case len(others) > 0:
		return nil, occupied(locations[0], others[0].String())
	}
	return holds.Locations, nil
}

// stillMine makes sure that a job, and with it what it holds, is not another's by
// now, as after a time in which this process was silent.
func (r *Remover) stillMine(ctx context.Context, j catalog.Job) error {
	err := r.jobs.Heartbeat(ctx, j)
	if fault.Is(err, fault.CommitFailed) || fault.Is(err, fault.NoSuchJob) {
		return errLost
	}
	return err
}

// elsewhere are those who hold places in other warehouses.
func (r *Remover) elsewhere(ctx context.Context, j catalog.Job, places []string) ([]catalog.Holder, error) {
	var found []catalog.Holder
	err := r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		if w.Name == j.Warehouse {
			return nil
		}
		others, err := r.pointers.Holders(ctx, w.Name, places)
		found = append(found, others...)
		return err
	})
	return found, err
}

// ground is what a job may delete: what lies in its places, and beyond them what
// lies where nobody does.
type ground struct {
	*Remover

	job    catalog.Job
	places []string
}

// ours leaves out the files that lie where somebody else does.
func (g *ground) ours(ctx context.Context, files []string) ([]string, error) {
	if err := g.stillMine(ctx, g.job); err != nil {
		return nil, err
	}
	folders := map[string]string{} // the place of each folder
	var strange []string
	for _, file := range files {
		folder := parent(file)
		if _, known := folders[folder]; known {
			continue
		}
		place, err := catalog.HeldLocation(folder)
		if err != nil {
			place = "" // the root of a store, or beyond what is served here: nobody can lie there
		}
		if folders[folder] = place; place != "" && !within(place, g.places) && !slices.Contains(strange, place) {
			strange = append(strange, place)
		}
	}
	taken, err := g.taken(ctx, strange)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(files, func(file string) bool {
		place := folders[parent(file)]
		return place != "" && !within(place, g.places) && within(place, taken)
	}), nil
}

// taken are the places of others that may hold one of these.
func (g *ground) taken(ctx context.Context, places []string) ([]string, error) {
	if len(places) == 0 {
		return nil, nil
	}
	here, err := g.pointers.Holders(ctx, g.job.Warehouse, places)
	if err != nil {
		return nil, err
	}
	others, err := g.elsewhere(ctx, g.job, places)
	if err != nil {
		return nil, err
	}
	crowded, err := g.settle(ctx, g.job.Warehouse)
	if err != nil {
		return nil, err
	}
	var taken []string
	for _, h := range slices.Concat(here, others, crowded) {
		if h.Job != g.job.ID {
			taken = append(taken, h.Location)
		}
	}
	return taken, nil
}

// within reports whether a place is one of some, or lies below one.
func within(place string, some []string) bool {
	return slices.ContainsFunc(some, func(other string) bool { return strings.HasPrefix(place+"/", other+"/") })
}
