// Package archtest holds the tests that keep the architecture true: what a
// program may weigh, what a package must say of itself, and how errors may not
// be told apart.
package archtest
