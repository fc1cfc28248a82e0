package housetable

import "crypto/sha256"

// JobHolds are what a job asks to hold while it is JobRunning: so nobody comes
// to have what the job is about to delete.
type JobHolds struct {
	JobID string
	// Version that the job must have; nil means any.
	Version *int64
	// Holds none of which overlap; they replace those that the job has.
	Holds []Hold
	// KeepUUID holds the uuid for as long as the job is on record, whatever
	// becomes of the job.
	KeepUUID bool
}

// Keeps reports whether the job keeps a hold when it runs no more.
func (j JobHolds) Keeps(hold Hold) bool { return j.KeepUUID && hold.Sort() == uuidSort }

// Owner stands among the holders for the job.
func (j JobHolds) Owner(warehouse string) UUID {
	h := sha256.New()
	h.Write([]byte("job\x00" + warehouse + "\x00" + j.JobID))
	return ownUUID(h.Sum(nil))
}

// InTheWay are those of the holders that are there and not the job itself.
func (j JobHolds) InTheWay(holders []Holder) []Holder {
	var others []Holder
	for _, h := range holders {
		if h.JobID != j.JobID && !h.Gone() {
			others = append(others, h)
		}
	}
	return others
}
