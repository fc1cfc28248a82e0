// Package replays owns the caches of finished outcomes: in memory for one
// process, in Redis for many.
//
// It promises that a cache which is away, slow or full costs a request no more
// than a short time-out, never its answer: what a cache does not know, the house
// table service does.
package replays

import "time"

// lifetime is how long an outcome is remembered here: as long as clients are
// told that they may send a request again, and a little more.
const lifetime = 35 * time.Minute
