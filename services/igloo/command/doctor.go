package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

// Doctor is the command that looks whether what a catalog points at is there, is
// whole, and lies where it may. It changes nothing.
type Doctor struct {
	Session    `embed:""`
	Warehouses []string      `name:"warehouse" short:"w" help:"Look at this warehouse alone; may be given several times." placeholder:"NAME" predictor:"warehouse"`
	Orphans    bool          `help:"Look for metadata files that no table names as well, where the storage can be reached from here: in a folder of this machine, or in S3 with the key that the catalog gives out. They are told of, and never deleted."`
	OrphanAge  time.Duration `default:"24h" help:"Take a file for forgotten when it is older than this: a younger one may be of a commit under way." placeholder:"DURATION"`
	At         int           `name:"concurrency" default:"8" help:"Look at so many tables and views at a time."`
}

// Run implements the command.
func (c *Doctor) Run(ctx context.Context, env *settings.Env) error {
	if c.At < 1 || c.OrphanAge < 0 {
		return usage("concurrency is %d and orphan-age %s: the first must be positive, the second not negative", c.At, c.OrphanAge)
	}
	igloo, err := c.client()
	if err != nil {
		return err
	}
	known, err := newPlaces()
	if err != nil {
		return err
	}
	defer known.close()
	told := newProgress(env, "tables and views looked at", 0)
	defer told.end()
	e := &examination{Doctor: c, igloo: igloo, places: known, told: told, counts: map[string]int{}}
	if err := streamed(ctx, c.printer(env), []string{"FINDING", "WAREHOUSE", "TYPE", "NAME", "DETAIL"}, findingRow, e.walk); err != nil {
		e.count(notChecked) // what is left
		return errors.Join(err, e.verdict())
	}
	return e.verdict()
}

// What may be found.
const (
	foundNotReady  = "not-ready"
	foundMissing   = "missing-file"
	foundDamaged   = "damaged-file"
	foundOtherUUID = "other-uuid"
	foundFormat    = "unknown-format"
	foundInvalid   = "invalid-metadata"
	foundElsewhere = "metadata-elsewhere"
	foundSame      = "same-location"
	foundWithin    = "location-within"
	foundOrphan    = "orphan"
	// notChecked is no finding: nobody knows.
	notChecked = "not-checked"
	// summarised is the last line.
	summarised = "summary"
)

// finding is what was found of one thing.
type finding struct {
	Finding   string `json:"finding"`
	Warehouse string `json:"warehouse,omitempty"`
	// Type is server, warehouse, namespace, table or view.
	Type   string `json:"type,omitempty"`
	Name   string `json:"name,omitempty"`
	Detail string `json:"detail"`
	// Counts are those of a summary.
	Counts map[string]int `json:"counts,omitempty"`
}

func findingRow(answer json.RawMessage) ([]string, error) {
	var f finding
	err := json.Unmarshal(answer, &f)
	return []string{f.Finding, f.Warehouse, f.Type, f.Name, f.Detail}, err
}

// examination is one under way.
type examination struct {
	*Doctor
	igloo  *client
	places *places
	told   *progress
	out    chan<- finding

	mu sync.Mutex
	// counts are how many things were looked at, by their types in the plural, and how
	// often each was found.
	counts map[string]int
}

// found tells of a finding.
func (e *examination) found(ctx context.Context, what string, of finding, format string, args ...any) {
	of.Finding, of.Detail = what, fmt.Sprintf(format, args...)
	e.count(what)
	select {
	case e.out <- of:
	case <-ctx.Done():
	}
}

// failed tells of what could not be looked at.
func (e *examination) failed(ctx context.Context, of finding, err error) {
	e.found(ctx, notChecked, of, "%v", err)
}

func (e *examination) count(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts[what]++
}

// verdict is what ends the command; nil when all was looked at and nothing found.
func (e *examination) verdict() error {
	d := diagnosis{unknown: e.counts[notChecked]}
	for _, what := range []string{
		foundNotReady, foundMissing, foundDamaged, foundOtherUUID, foundFormat, foundInvalid, foundElsewhere, foundSame, foundWithin, foundOrphan,
	} {
		d.found += e.counts[what]
	}
	if d == (diagnosis{}) {
		return nil
	}
	return d
}

// summary is the last line.
func (e *examination) summary() finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	detail := "nothing is wrong"
	if err := e.verdict(); err != nil {
		detail = err.Error()
	}
	return finding{Finding: summarised, Counts: maps.Clone(e.counts), Detail: fmt.Sprintf("%d tables and %d views of %d warehouses were looked at: %s",
		e.counts["tables"], e.counts["views"], e.counts["warehouses"], detail)}
}

// diagnosis is that not all is well, as far as was looked.
type diagnosis struct{ found, unknown int }

// Error implements error.
func (d diagnosis) Error() string {
	return fmt.Sprintf("%d findings, and %d could not be checked", d.found, d.unknown)
}

// ExitCode implements settings.Coded: what was found is certain, whatever else could
// not be checked.
func (d diagnosis) ExitCode() int {
	if d.found > 0 {
		return 1
	}
	return 2
}
