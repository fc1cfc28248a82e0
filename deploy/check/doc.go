// Package check owns what is promised of the files that Igloo is deployed with: the
// chart renders to what Kubernetes takes, strictly, keeps the rules that a cluster's
// guards ask for, and hands the programs settings that they accept.
//
// deploy is a module of its own: what it needs of Helm and Kubernetes is no part of Igloo.
package check
