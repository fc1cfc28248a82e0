package htsfake

import (
	"strings"

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
	return nil
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
