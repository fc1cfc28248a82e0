package scan

import (
	"context"
	"io"
)

func writeStatus(w io.Writer, status, id string) error {
	e := newEncoder(w, nil)
	e.text("status", status)
	if id != "" {
		e.text("plan-id", id)
	}
	e.b = append(e.b, '}')
	return e.flush()
}

// complete writes a completed result, under an id if there is one.
func (p *Planner) complete(ctx context.Context, w io.Writer, s *scan, t ticket, id string) error {
	return p.work(ctx, string(t.Plan), func(ctx context.Context) error {
		e := newEncoder(w, s)
		e.text("status", "completed")
		if id != "" {
			e.text("plan-id", id)
		}
		if s.empty {
			return e.end()
		}
		list, err := p.listed(ctx, s)
		if err != nil {
			return err
		}
		data, deleted, err := s.divide(list)
		if err != nil {
			return err
		}
		if parts := p.parts(s, data); len(parts) > 1 {
			return p.writeParts(e, t, parts)
		}
		return p.writeFiles(ctx, e, data, deleted)
	})
}

// parts groups manifests into tasks. Who wants a few rows gets files at once.
func (p *Planner) parts(s *scan, data []manifest) [][]int {
	if s.rows > 0 {
		return nil
	}
	var parts [][]int
	files := p.settings.TaskFiles
	for _, m := range data {
		if files >= p.settings.TaskFiles || files+m.files() > p.settings.TaskFiles*3/2 {
			parts, files = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], m.place)
		files += m.files()
	}
	return parts
}

func (p *Planner) writeParts(e *encoder, t ticket, parts [][]int) error {
	t.Purpose = planTask
	e.name("plan-tasks")
	for i, manifests := range parts {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		t.Manifests = manifests
		task, err := p.sealer.seal(t)
		if err != nil {
			return err
		}
		e.b = append(append(append(append(e.b, separator), '"'), task...), '"')
		if len(e.b) >= chunk {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	e.b = append(e.b, "]}"...)
	return e.flush()
}

// writeFiles writes the files of data manifests that the filter may match.
func (p *Planner) writeFiles(ctx context.Context, e *encoder, data, deleted []manifest) error {
	if len(data) == 0 {
		return e.end()
	}
	found, err := p.readDeletes(ctx, e.scan, deleted)
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, m := range data {
		spec, err := e.scan.spec(m)
		if err != nil {
			return err
		}
		for f, err := range p.entries(ctx, e.scan.table.warehouse, m, spec) {
			if err != nil {
				return err
			}
			sure, err := e.file(f, spec, found)
			if err != nil {
				return err
			}
			if rows += sure; e.scan.rows > 0 && rows >= e.scan.rows {
				return e.end()
			}
		}
	}
	return e.end()
}

// file writes a file that may match; its result is how many of its rows do for sure.
func (e *encoder) file(f *file, spec partitionSpec, found *deletes) (int64, error) {
	if !e.scan.wants(f) {
		return 0, nil
	}
	residual := spec.residual(e.scan.filter, f.partition)
	if residual.operator == never || !f.mayMatch(residual) {
		return 0, nil
	}
	applied := found.of(f)
	err := e.task(f, spec, applied, residual)
	if len(applied) > 0 || residual.operator != always {
		return 0, err
	}
	return f.records, err
}
