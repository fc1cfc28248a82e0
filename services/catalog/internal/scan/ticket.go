package scan

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// The purposes of tickets.
const (
	// answeredPlan is the id of a plan whose answer was given at once.
	answeredPlan = "answered"
	// submittedPlan is the id of a plan whose answer is to be fetched.
	submittedPlan = "submitted"
	// planTask is a part of a plan.
	planTask = "task"
)

// ticket is what a plan's id or task says, by itself.
type ticket struct {
	Purpose string `json:"p"`
	// Plan is a random number: the parts of one plan have it in common.
	Plan      []byte `json:"i"`
	Warehouse string `json:"w"`
	Table     string `json:"t"`
	// Expires is in seconds since 1970.
	Expires  int64   `json:"e"`
	Request  Request `json:"r"`
	Snapshot int64   `json:"s"`
	Schema   int     `json:"c"`
	// Manifests are places in the snapshot's manifest list.
	Manifests []int `json:"m,omitempty"`
}

// The bounds of tickets.
const (
	ticketLife = 2 * time.Hour
	// maxPlanID bounds the id of a submitted plan, which stands in paths.
	maxPlanID = 4096
	macSize   = 16
	// maxTicket bounds what a ticket inflates to.
	maxTicket = 32 << 20
)

func newTicket(purpose, warehouse string, s *scan, r Request) ticket {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	return ticket{
		Purpose: purpose, Plan: id, Warehouse: warehouse, Table: s.table.uuid,
		Expires: time.Now().Add(ticketLife).Unix(), Request: r, Snapshot: s.snapshot.ID, Schema: s.schema.ID,
	}
}

// sealer signs tickets, for whoever has its key.
type sealer struct{ key []byte }

func (s sealer) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("igloo scan ticket 1\x00"))
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}

func (s sealer) seal(t ticket) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	var payload bytes.Buffer
	w, err := flate.NewWriter(&payload, flate.DefaultCompression)
	if err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(s.mac(payload.Bytes()), payload.Bytes()...)), nil
}

// errTicket is what open says of a text that is none of our tickets, or too old.
var errTicket = errors.New("is not a ticket of this catalog, or has expired")

func (s sealer) open(text string) (ticket, error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) < macSize || !hmac.Equal(data[:macSize], s.mac(data[macSize:])) {
		return ticket{}, errTicket
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[macSize:])), maxTicket))
	if err != nil {
		return ticket{}, errTicket
	}
	var t ticket
	if err := json.Unmarshal(plain, &t); err != nil || time.Now().Unix() > t.Expires {
		return ticket{}, errTicket
	}
	return t, nil
}

// open reads a ticket of one of the purposes, which must be of the table.
func (p *Planner) open(ctx context.Context, t Table, text string, refused fault.Kind, purposes ...string) (ticket, *table, error) {
	opened, err := p.sealer.open(text)
	if err != nil {
		return ticket{}, nil, fault.Wrap(refused, err, "%s %s", noun(refused), errTicket)
	}
	decoded, err := p.table(ctx, t)
	if err != nil {
		return ticket{}, nil, err
	}
	fits := false
	for _, purpose := range purposes {
		fits = fits || opened.Purpose == purpose
	}
	if !fits || opened.Warehouse != t.Warehouse || opened.Table != decoded.uuid {
		return ticket{}, nil, fault.New(refused, "%s is not one of this table", noun(refused))
	}
	return opened, decoded, nil
}

func noun(kind fault.Kind) string {
	if kind == fault.NoSuchPlanTask {
		return "plan-task"
	}
	return "plan-id"
}

// resume is the scan that a ticket is of, on the snapshot that it was planned on.
func resume(t ticket, decoded *table, refused fault.Kind) (*scan, error) {
	r := t.Request
	if r.SnapshotID == nil && r.EndSnapshotID == nil && t.Snapshot != 0 {
		r.SnapshotID = &t.Snapshot
	}
	if _, kept := decoded.snapshots[t.Snapshot]; !kept && t.Snapshot != 0 {
		return nil, fault.New(refused, "%s is of snapshot %d, which the table has no more", noun(refused), t.Snapshot)
	}
	if decoded.schemas[t.Schema] == nil {
		return nil, fault.New(refused, "%s is of schema %d, which the table has no more", noun(refused), t.Schema)
	}
	s, err := decoded.resolveIn(r, &t.Schema)
	if fault.Is(err, fault.Invalid) { // it was fine when it was sealed
		return nil, fault.Wrap(refused, err, "%s is of what the table has no more", noun(refused))
	}
	return s, err
}
