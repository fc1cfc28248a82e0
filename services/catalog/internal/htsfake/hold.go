package htsfake

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// holding is a change that takes something.
type holding interface {
	GetLocation() string
	GetMetadataUuid() []byte
}

// held finds who has what a change of one's own table takes; own is nil for a new one.
func (w *warehouse) held(own *entry, wanted holding) *htsv1.ChangeConflict {
	if wanted.GetLocation() == "" && len(wanted.GetMetadataUuid()) == 0 {
		return nil
	}
	for _, e := range w.tables {
		switch {
		case e == own:
		case e.metadataUUID != "" && e.metadataUUID == string(wanted.GetMetadataUuid()):
			return e.inTheWay(htsv1.ConflictReason_CONFLICT_REASON_METADATA_UUID_TAKEN)
		case e.location != "" && wanted.GetLocation() != "" && overlap(e.location, wanted.GetLocation()):
			lost := e.inTheWay(htsv1.ConflictReason_CONFLICT_REASON_LOCATION_TAKEN)
			lost.Location = e.location
			return lost
		}
	}
	return w.heldByJob(wanted)
}

// heldByJob finds the job that has what a change takes.
func (w *warehouse) heldByJob(wanted holding) *htsv1.ChangeConflict {
	for _, j := range w.jobs {
		for _, h := range j.holders() {
			lost := &htsv1.ChangeConflict{JobId: h.GetJobId(), Location: h.GetLocation()}
			switch {
			case len(h.GetMetadataUuid()) > 0 && bytes.Equal(h.GetMetadataUuid(), wanted.GetMetadataUuid()):
				lost.Reason = htsv1.ConflictReason_CONFLICT_REASON_METADATA_UUID_TAKEN
				return lost
			case h.GetLocation() != "" && wanted.GetLocation() != "" && overlap(h.GetLocation(), wanted.GetLocation()):
				lost.Reason = htsv1.ConflictReason_CONFLICT_REASON_LOCATION_TAKEN
				return lost
			}
		}
	}
	return nil
}

// holders are what a job holds at this time.
func (j *job) holders() []*htsv1.Holder {
	var held []*htsv1.Holder
	runs := j.row.GetState() == "RUNNING"
	if id := j.holds.GetMetadataUuid(); len(id) > 0 && (runs || j.holds.GetKeepUuid()) {
		held = append(held, &htsv1.Holder{MetadataUuid: id, JobId: j.row.GetJobId()})
	}
	for _, location := range j.holds.GetLocations() {
		if runs {
			held = append(held, &htsv1.Holder{Location: location, JobId: j.row.GetJobId()})
		}
	}
	return held
}

// holders are those of tables and jobs that overlap what is asked for.
func (w *warehouse) holders(locations []string, uuids [][]byte) []*htsv1.Holder {
	var all, found []*htsv1.Holder
	for _, e := range w.tables {
		if e.location != "" {
			all = append(all, &htsv1.Holder{Location: e.location, Table: proto.CloneOf(e.table)})
		}
		if e.metadataUUID != "" {
			all = append(all, &htsv1.Holder{MetadataUuid: []byte(e.metadataUUID), Table: proto.CloneOf(e.table)})
		}
	}
	for _, j := range w.jobs {
		all = append(all, j.holders()...)
	}
	for _, h := range all {
		there := slices.ContainsFunc(locations, func(location string) bool { return h.GetLocation() != "" && overlap(h.GetLocation(), location) })
		same := slices.ContainsFunc(uuids, func(id []byte) bool { return len(id) > 0 && bytes.Equal(id, h.GetMetadataUuid()) })
		if there || same {
			found = append(found, h)
		}
	}
	return found
}

// ListHolders implements the generated server.
func (f *Fake) ListHolders(_ context.Context, r *htsv1.ListHoldersRequest) (*htsv1.ListHoldersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	return &htsv1.ListHoldersResponse{Holders: w.holders(r.GetLocations(), r.GetMetadataUuids())}, nil
}

// HoldForJob implements the generated server.
func (f *Fake) HoldForJob(_ context.Context, r *htsv1.HoldForJobRequest) (*htsv1.HoldForJobResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	j, err := f.running(r.GetWarehouse(), r.GetJobId(), r.Version)
	if err != nil {
		return nil, err
	}
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(w.holders(r.GetLocations(), [][]byte{r.GetMetadataUuid()}), func(h *htsv1.Holder) bool {
		return h.GetJobId() == r.GetJobId()
	})
	if len(others) == 0 {
		j.holds = proto.CloneOf(r)
	}
	return &htsv1.HoldForJobResponse{InTheWay: others}, nil
}

// endNeedless ends the jobs that a commit makes needless.
func (w *warehouse) endNeedless(r *htsv1.CommitRequest) {
	for _, change := range r.GetChanges() {
		id := change.GetCreateTable().GetMetadataUuid()
		for _, j := range w.jobs {
			if state := j.row.GetState(); len(id) > 0 && bytes.Equal(id, j.metadataUUID) && (state == "QUEUED" || state == "RUNNING") {
				j.move("CANCELLED")
			}
		}
	}
}

func overlap(a, b string) bool {
	return strings.HasPrefix(a+"/", b+"/") || strings.HasPrefix(b+"/", a+"/")
}

// hold gives an entry what a change takes.
func (e *entry) hold(taken holding) {
	if taken.GetLocation() != "" {
		e.location = taken.GetLocation()
	}
	if len(taken.GetMetadataUuid()) > 0 {
		e.metadataUUID = string(taken.GetMetadataUuid())
	}
}

// keep gives an entry what it held in an earlier version.
func (e *entry) keep(before *entry) *entry {
	e.location, e.metadataUUID = before.location, before.metadataUUID
	return e
}

// ForgetHolds makes the tables of a warehouse hold nothing, as those do that were
// there before anything was held.
func (f *Fake) ForgetHolds(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.warehouses[name].tables {
		e.location, e.metadataUUID = "", ""
	}
}
