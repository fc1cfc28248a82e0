// Package conformance lets others judge Igloo: the test suites of Iceberg's own
// projects and the engines and clients that people use, run against the real
// programs in every shape of Igloo.
//
// It promises that a suite that ran fewer tests than it has, or whose runner
// failed, is a failure like a test that failed. The clients are installed by
// `make conformance` into the folder that IGLOO_CONFORMANCE names; without it
// every test here is skipped. docs/conformance.md holds a run's figures.
package conformance
