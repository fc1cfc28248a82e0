package authz

import "sync/atomic"

// use counts what a follower did.
type use struct{ refreshes, failures atomic.Int64 }

func (u *use) refreshed(err error) {
	u.refreshes.Add(1)
	if err != nil {
		u.failures.Add(1)
	}
}
