// Package load puts a catalog under load, any that speaks the Iceberg REST
// protocol, and tells how its requests fared.
//
// It promises that what is sent depends on nothing but the operation, so that two
// catalogs can be held beside one another; that an answer which is not the expected
// one is an error, never a fast success; and that in open loop the time of a request
// counts from when it was due, so that a catalog which stalls cannot hide those that
// had to wait.
package load
