// Package icebergo is iceberg-go at work on Igloo. It stands outside the
// workspace, so that nothing else carries iceberg-go, which takes minutes to
// compile.
package icebergo
