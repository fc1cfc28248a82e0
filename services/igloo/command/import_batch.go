package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

const (
	// maxTogether and maxTogetherBytes bound what goes together.
	maxTogether      = 500
	maxTogetherBytes = 256 << 10
	// maxGrantsTogether is the most that the server takes.
	maxGrantsTogether = 100
)

// item is a line that waits for others, with its change or its grant.
type item struct {
	line      backup.Line
	name      string
	operation uuid.UUID
	change    *htsv1.Change
	grant     *htsv1.Grant
	// judge is why a change does not apply; empty when what it makes is there already.
	judge func(context.Context, *htsv1.ChangeConflict) (string, error)
}

// batch are lines of one type that go together.
type batch struct {
	items []item
	bytes int
	// principal on whose behalf they are made.
	principal string
}

// before reports whether the batch has to go before a line can wait too.
func (b *batch) before(line backup.Line) bool {
	if len(b.items) == 0 {
		return false
	}
	of := b.items[0].line
	return line.Type != of.Type || line.Warehouse != of.Warehouse || b.bytes+len(line.Value) > maxTogetherBytes ||
		len(b.items) >= maxTogether || line.Type == backup.TypeGrant && len(b.items) >= maxGrantsTogether
}

// wait lets a line wait for others of the same principal.
func (i *imported) wait(ctx context.Context, it item, principal string) error {
	if len(i.waiting.items) > 0 && i.waiting.principal != principal {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.waiting.principal = principal
	i.waiting.items = append(i.waiting.items, it)
	i.waiting.bytes += len(it.line.Value)
	return nil
}

// flush imports what waits.
func (i *imported) flush(ctx context.Context) error {
	b := i.waiting
	i.waiting = batch{}
	switch {
	case len(b.items) == 0:
		return nil
	case b.items[0].grant != nil:
		return i.give(ctx, b.items)
	}
	return i.commit(ctx, b.items, b.principal)
}

// commit makes changes together, but for those that were made before and those
// that do not apply. A change that the server does not take at all keeps no other
// from being made.
func (i *imported) commit(ctx context.Context, items []item, principal string) error {
	for len(items) > 0 {
		response, err := i.try(ctx, items, principal)
		switch {
		case refusedAs(err, http.StatusBadRequest, http.StatusUnprocessableEntity):
			return i.apart(ctx, items, principal, err)
		case err != nil:
			return err
		case response.GetCommitted() != nil:
			i.create(int64(len(items)))
			return nil
		}
		left, err := i.remaining(ctx, items, response)
		if err != nil {
			return err
		}
		if len(left) == len(items) {
			return errors.New("the server neither made the changes nor said which of them do not apply")
		}
		items = left
	}
	return nil
}

// try sends one commit. Its first operation is new each time: what house tables are
// identified by follows from it, and so is never that of one that was dropped.
func (i *imported) try(ctx context.Context, items []item, principal string) (*htsv1.CommitResponse, error) {
	first, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make an operation: %w", err)
	}
	request := &htsv1.CommitRequest{Warehouse: items[0].line.Warehouse, Principal: principal, Operations: []*htsv1.Operation{operationOf(first)}}
	for _, it := range items {
		request.Operations = append(request.Operations, operationOf(it.operation))
		request.Changes = append(request.Changes, it.change)
	}
	answer, err := i.ask(ctx, call{method: http.MethodPost, path: []string{"commit"}, request: request})
	if err != nil {
		return nil, err
	}
	response := &htsv1.CommitResponse{}
	return response, decode("answer to a commit", answer, response)
}

func operationOf(id uuid.UUID) *htsv1.Operation {
	return &htsv1.Operation{Id: id[:], Kind: "import", Outcome: &htsv1.Outcome{Status: http.StatusOK}}
}

// apart makes changes one after another that were refused together.
func (i *imported) apart(ctx context.Context, items []item, principal string, refusal error) error {
	if len(items) == 1 {
		i.differ(items[0].line, items[0].name, "%v", refusal)
		return nil
	}
	for n := range items {
		if err := i.commit(ctx, items[n:n+1], principal); err != nil {
			return err
		}
	}
	return nil
}

// remaining leaves out what was made before, and what does not apply.
func (i *imported) remaining(ctx context.Context, items []item, response *htsv1.CommitResponse) ([]item, error) {
	done := map[uuid.UUID]bool{}
	for _, o := range response.GetReplay().GetOperations() {
		if id, err := uuid.FromBytes(o.GetOperation().GetId()); err == nil {
			done[id] = true
		}
	}
	for _, conflict := range response.GetConflict().GetChanges() {
		if at := int(conflict.GetIndex()); at < len(items) {
			if err := i.conflict(ctx, items[at], conflict); err != nil {
				return nil, err
			}
			items = slices.Clone(items)
			items[at].change = nil
		}
	}
	left := make([]item, 0, len(items))
	for _, it := range items {
		switch {
		case done[it.operation]:
			i.have()
		case it.change != nil:
			left = append(left, it)
		}
	}
	return left, nil
}

func (i *imported) conflict(ctx context.Context, it item, conflict *htsv1.ChangeConflict) error {
	problem, err := it.judge(ctx, conflict)
	switch {
	case err != nil:
		return err
	case problem != "":
		i.differ(it.line, it.name, "%s", problem)
	default:
		i.have()
	}
	return nil
}

// give gives grants together. Where what one of them is on or for is not there,
// each is given by itself.
func (i *imported) give(ctx context.Context, items []item) error {
	grants := make([]*htsv1.Grant, len(items))
	for n, it := range items {
		grants[n] = it.grant
	}
	_, err := i.ask(ctx, call{method: http.MethodPost, path: grantsPath, request: &htsv1.GrantRequest{Grants: grants}})
	switch {
	case err == nil:
		i.create(int64(len(items)))
		return nil
	case !refusedAs(err, http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity):
		return err
	case len(items) == 1:
		i.differ(items[0].line, items[0].name, "%v", err)
		return nil
	}
	for n := range items {
		if err := i.give(ctx, items[n:n+1]); err != nil {
			return err
		}
	}
	return nil
}
