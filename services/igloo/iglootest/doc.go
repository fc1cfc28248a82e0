// Package iglootest gives tests a running Igloo in every shape it has: `igloo
// serve` on SQLite, and the split services on Postgres and Redis. Programs are
// processes of their own, taken from IGLOO_BIN or built once a test process.
//
// It promises that every program dies with the test, and that what a program
// wrote is shown when the test failed.
package iglootest
