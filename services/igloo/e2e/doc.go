// Package e2e judges Igloo from outside: the real programs, as processes, asked
// over the network by clients that others wrote.
//
// Every test runs on both shapes, `igloo serve` on SQLite and the split services
// on Postgres and Redis, and may not tell them apart, but for what one alone
// has: replicas, and the key that they share.
package e2e
