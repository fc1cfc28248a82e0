// Package e2e tests the House Table Service as it runs: several processes of its
// program on one database, and that database failing under them.
package e2e
