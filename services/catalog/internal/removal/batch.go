package removal

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pause"
)

const (
	// batchFiles is how many files are deleted at once.
	batchFiles = 500
	// maxMet bounds the memory of what was met: beyond it some are met anew, which
	// costs a deletion of nothing.
	maxMet = 1 << 20

	metadataFiles = "metadata files"
)

// batch deletes files, a bounded number at once, at a bounded rate.
type batch struct {
	*Remover

	warehouse string
	// ours leaves out the files that must stay.
	ours  func(ctx context.Context, files []string) ([]string, error)
	seed  maphash.Seed
	seen  map[uint64]struct{}
	files []string
	// deleted by kind, in the order of kinds, and what stayed.
	kinds                []string
	deleted              map[string]int64
	foreign, unreachable int64
}

func newBatch(r *Remover, warehouse string, ours func(ctx context.Context, files []string) ([]string, error)) batch {
	return batch{Remover: r, warehouse: warehouse, ours: ours, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, deleted: map[string]int64{}}
}

// met reports whether it was asked for the same before.
func (b *batch) met(what string) bool {
	sum := maphash.String(b.seed, what)
	if _, met := b.seen[sum]; met {
		return true
	}
	if len(b.seen) >= maxMet {
		clear(b.seen)
	}
	b.seen[sum] = struct{}{}
	return false
}

// add has a file deleted, by the next flush at the latest.
func (b *batch) add(ctx context.Context, kind, file string) error {
	if file == "" || b.met(file) {
		return nil
	}
	if !slices.Contains(b.kinds, kind) {
		b.kinds = append(b.kinds, kind)
	}
	b.deleted[kind]++
	if b.files = append(b.files, file); len(b.files) < batchFiles {
		return nil
	}
	return b.flush(ctx)
}

// one deletes a single file at once.
func (b *batch) one(ctx context.Context, file string) error {
	if err := b.add(ctx, metadataFiles, file); err != nil {
		return err
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if err := b.pace(ctx, len(b.files)); err != nil {
		return err
	}
	all := len(b.files)
	doomed, err := b.ours(ctx, b.files)
	if err != nil {
		return err
	}
	b.foreign += int64(all - len(doomed))
	unreachable, err := b.remove(ctx, b.warehouse, doomed)
	b.unreachable += unreachable
	b.counts.filesPurged.Add(int64(len(doomed)) - unreachable)
	b.files = b.files[:0]
	return err
}

// report says what was done.
func (b *batch) report() string {
	parts := make([]string, 0, len(b.kinds))
	for _, kind := range b.kinds {
		parts = append(parts, fmt.Sprintf("%d %s", b.deleted[kind], kind))
	}
	text := "deleted " + strings.Join(parts, ", ")
	if b.foreign > 0 {
		text += fmt.Sprintf("; of them %d stayed, which lie where live tables do", b.foreign)
	}
	if b.unreachable > 0 {
		text += fmt.Sprintf("; of them %d stayed, which cannot be reached from here", b.unreachable)
	}
	return text
}

// pace waits for as long as the rate that is set wants for so many files.
func (r *Remover) pace(ctx context.Context, files int) error {
	if files == 0 {
		return nil
	}
	return pause.For(ctx, time.Duration(files)*time.Second/time.Duration(r.settings.DeleteRate))
}

// remove deletes files. Those at locations that no store here serves stay, and
// are counted.
func (r *Remover) remove(ctx context.Context, warehouse string, files []string) (unreachable int64, err error) {
	if len(files) == 0 {
		return 0, nil
	}
	err = r.files.In(warehouse).Delete(ctx, files...)
	if !slices.ContainsFunc(each(err), beyond) {
		return 0, wrap(err)
	}
	for _, file := range files {
		err := r.files.In(warehouse).Delete(ctx, file)
		switch all := each(err); {
		case len(all) > 0 && !slices.ContainsFunc(all, func(err error) bool { return !beyond(err) }):
			unreachable++
		case err != nil:
			return unreachable, wrap(err)
		}
	}
	return unreachable, nil
}

// each are the errors that were joined.
func each(err error) []error {
	if err == nil {
		return nil
	}
	joined, is := err.(interface{ Unwrap() []error })
	if !is {
		return []error{err}
	}
	all := make([]error, 0, len(joined.Unwrap()))
	for _, one := range joined.Unwrap() {
		all = append(all, each(one)...)
	}
	return all
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("delete files: %w", err)
	}
	return nil
}

// beyond reports whether err is that a location is served by no store here.
func beyond(err error) bool { return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unsupported) }
