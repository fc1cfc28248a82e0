// Package replays owns the caches of operations under way and finished: in memory
// for one process, in Redis for many.
//
// It promises that a cache which is away, slow or full costs a request no more
// than a short time-out, never its answer: what a cache does not know, the house
// table service does. It also promises never to contradict a database that
// failed over: what it remembers is of one epoch, and read in no other.
package replays

import (
	"time"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// lifetime is how long an outcome is remembered here: as long as clients are
// told that they may send a request again, and a little more.
const lifetime = 35 * time.Minute

// name is a claim's key. The operation is of the warehouse already, whose name
// is for people.
func name(epoch string, claim catalog.Claim) string {
	return epoch + "/" + claim.Warehouse + "/" + claim.Operation.String()
}
