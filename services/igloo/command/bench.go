package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// Bench is the command that puts a catalog under load.
type Bench struct {
	Session      `embed:""`
	confirmation `embed:""`

	Warehouse   string        `short:"w" help:"Warehouse to ask for; without it the catalog's default one."`
	Operations  []string      `name:"operation" sep:"none" help:"Do the operations whose name contains this; may be given several times. Without it all are done but those that take minutes to prepare." placeholder:"TEXT"`
	Connections int           `default:"16" help:"Requests at a time; 1 to 1000."`
	Duration    time.Duration `default:"5s" help:"How long each operation is done."`
	Rate        float64       `help:"Begin so many a second, whether or not those before have ended; latency counts from when each was due. Without it every connection begins the next when it has ended one."`
}

// maxConnections bounds what one process is good for.
const maxConnections = 1000

// Run implements the command.
func (c *Bench) Run(ctx context.Context, env *settings.Env) error {
	chosen, err := c.chosen()
	if err != nil {
		return err
	}
	target, err := c.target(ctx)
	if err != nil {
		return err
	}
	if err := c.confirmed("put load on "+c.Server+", and leave namespaces there whose names begin with load_", env); err != nil {
		return err
	}
	catalog, err := load.Open(ctx, target, c.Connections)
	if err != nil {
		return err
	}
	defer catalog.Close()
	return c.printer(env).many(c.each(ctx, catalog, chosen), []string{"OPERATION", "PER SECOND", "P50 MS", "P99 MS", "P99.9 MS", "BYTES", "TRIES", "ERRORS"}, measuredRow)
}

// each does one operation after the other. What cannot be done is told in its place,
// and is an error behind them all.
func (c *Bench) each(ctx context.Context, catalog *load.Catalog, chosen []load.Operation) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		var failed error
		for _, operation := range chosen {
			m := c.measure(ctx, catalog, operation)
			if m.Failure != "" {
				failed = errors.Join(failed, fmt.Errorf("%s: %s", operation.Name, printable(m.Failure)))
			}
			if !yield(json.Marshal(m)) {
				return
			}
		}
		if failed != nil {
			yield(nil, failed)
		}
	}
}

// chosen are the operations to do.
func (c *Bench) chosen() ([]load.Operation, error) {
	switch {
	case c.Connections < 1 || c.Connections > maxConnections:
		return nil, usage("connections is %d, allowed is from 1 to %d", c.Connections, maxConnections)
	case c.Duration <= 0:
		return nil, usage("duration is %s, and must be positive", c.Duration)
	case c.Rate < 0:
		return nil, usage("rate is %g, and must not be negative", c.Rate)
	}
	var chosen []load.Operation
	for _, operation := range load.Operations() {
		if c.wants(operation) {
			chosen = append(chosen, operation)
		}
	}
	if len(chosen) == 0 {
		return nil, usage("operation: no name contains one of %q", c.Operations)
	}
	return chosen, nil
}

func (c *Bench) wants(operation load.Operation) bool {
	for _, part := range c.Operations {
		if strings.Contains(operation.Name, part) {
			return true
		}
	}
	return len(c.Operations) == 0 && !operation.Large
}

// target is the catalog that flags name, with the token that it wants now.
func (c *Bench) target(ctx context.Context) (load.Target, error) {
	asked, err := c.client()
	if err != nil {
		return load.Target{}, err
	}
	token, err := asked.proof(ctx)
	if err != nil {
		return load.Target{}, err
	}
	secured, err := c.TLS.Config("server-")
	if err != nil {
		return load.Target{}, &settings.UsageError{Err: err}
	}
	return load.Target{URL: asked.server, Warehouse: c.Warehouse, Token: token, TLS: secured, Timeout: c.Timeout}, nil
}

// measured is how one operation fared.
type measured struct {
	Operation string `json:"operation"`
	load.Result

	// Failure is why it was not done at all.
	Failure string `json:"failure,omitempty"`
}

func (c *Bench) measure(ctx context.Context, catalog *load.Catalog, operation load.Operation) measured {
	m := measured{Operation: operation.Name}
	work, err := operation.Prepare(ctx, catalog, c.Connections)
	if err == nil {
		m.Result, err = load.Run(ctx, work, load.Plan{Connections: c.Connections, Duration: c.Duration, Rate: c.Rate})
	}
	if err != nil {
		m.Failure = err.Error()
	}
	return m
}

func measuredRow(text json.RawMessage) ([]string, error) {
	var m measured
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read what was measured: %w", err)
	}
	if m.Failure != "" {
		return []string{m.Operation, "-", "-", "-", "-", "-", "-", "-"}, nil
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }
	each := func(of int64) float64 { return float64(of) / float64(max(m.Done, 1)) }
	return []string{
		m.Operation, fmt.Sprintf("%.0f", m.Rate()), ms(m.Latency.P50), ms(m.Latency.P99), ms(m.Latency.P999),
		fmt.Sprintf("%.0f", each(m.Bytes)), fmt.Sprintf("%.2f", each(m.Tries)), strconv.FormatInt(m.Errors, 10),
	}, nil
}
