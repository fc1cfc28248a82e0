// Command report renders what benchmarks kept in a folder: plots into the folder,
// tables into a page.
//
//	report docs/performance docs/performance.md
package main

import (
	"fmt"
	"os"

	"github.com/igloo-catalog/igloo/services/igloo/report"
)

func main() {
	const (
		folder, page, all = 1, 2, 3
		usage             = 2
	)
	if len(os.Args) != all {
		fmt.Fprintln(os.Stderr, "report: give the folder of the results, and the page")
		os.Exit(usage)
	}
	if err := report.Write(os.Args[folder], os.Args[page]); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}
