package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
)

// places are where tables and views lie. They are noted in a file without a name, and
// memory has a number of each, so that a catalog of any size can be looked at.
type places struct {
	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
	err  error
	seed maphash.Seed
	sums []uint64
}

// place is where one lies.
type place struct {
	// Store tells apart stores that may have one location each.
	Store     string
	Location  string
	Warehouse string
	Type      string
	Name      string
}

// placed is where a subject lies. A warehouse with storage of its own has places of
// its own; the others share theirs.
func placed(s subject, location string) place {
	p := place{Location: location, Warehouse: s.warehouse.GetName(), Type: s.kind, Name: s.text()}
	if s.warehouse.GetStorage() != nil {
		p.Store = p.Warehouse
	}
	return p
}

func (p place) finding() finding {
	return finding{Warehouse: p.Warehouse, Type: p.Type, Name: p.Name}
}

// key is what two places have in common that are one.
func (p place) key() string { return p.Store + "\x00" + p.Location }

// above are the keys of the folders that it lies in.
func (p place) above() iter.Seq[string] {
	key := p.key()
	return func(yield func(string) bool) {
		for at := strings.LastIndexByte(key, '/'); at > 0 && yield(key[:at]); {
			at = strings.LastIndexByte(key[:at], '/')
		}
	}
}

func newPlaces() (*places, error) {
	file, err := os.CreateTemp("", "igloo-doctor-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &places{file: file, out: bufio.NewWriter(file), seed: maphash.MakeSeed()}, nil
}

func (p *places) close() { _ = p.file.Close() } // nobody finds it any more

// add notes a place; one without a location is passed over.
func (p *places) add(of place) {
	if of.Location == "" {
		return
	}
	text, err := json.Marshal(of)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		_, err = p.out.Write(append(text, '\n'))
	}
	p.err = errors.Join(p.err, err)
	p.sums = append(p.sums, maphash.String(p.seed, of.key()))
}

// overlaps tells of each place that is another's too, or lies within another: one line
// for every folder that is somebody's, with the first that was noted there.
func (p *places) overlaps(tell func(what string, inner, outer place)) error {
	if err := errors.Join(p.err, p.out.Flush()); err != nil {
		return fmt.Errorf("note where tables lie: %w", err)
	}
	owners, err := p.owners()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	return p.each(func(of place) {
		key := of.key()
		if outer, shared := owners[key]; shared && seen[key] {
			tell(foundSame, of, outer)
		} else if shared {
			seen[key] = true // it is the first itself
		}
		for folder := range of.above() {
			if outer, taken := owners[folder]; taken {
				tell(foundWithin, of, outer)
			}
		}
	})
}

// owners are the first at each place that others are at, or in.
func (p *places) owners() (map[string]place, error) {
	slices.Sort(p.sums)
	wanted := map[uint64]bool{}
	want := func(key string, often int) {
		sum := maphash.String(p.seed, key)
		if at, found := slices.BinarySearch(p.sums, sum); found && at+often <= len(p.sums) && p.sums[at+often-1] == sum {
			wanted[sum] = true
		}
	}
	err := p.each(func(of place) {
		want(of.key(), 2)
		for folder := range of.above() {
			want(folder, 1)
		}
	})
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	owners := map[string]place{}
	return owners, p.each(func(of place) {
		key := of.key()
		if _, there := owners[key]; !there && wanted[maphash.String(p.seed, key)] {
			owners[key] = of
		}
	})
}

// each reads what was noted, from the first on.
func (p *places) each(do func(place)) error {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	lines := json.NewDecoder(bufio.NewReader(p.file))
	for {
		var of place
		err := lines.Decode(&of)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		do(of)
	}
}
