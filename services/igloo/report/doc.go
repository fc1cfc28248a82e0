// Package report owns what a benchmark of catalogs read, and what is made of it:
// the tables and plots of docs/performance.md, and the ratios that Igloo has to reach.
//
// It promises that the same readings always make the same bytes, that a ratio is
// held against what was read in the same run, and that of a page nothing is changed
// but what stands between its markers.
package report
