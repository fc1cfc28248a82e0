// Command igloo appends to a table's metadata so many times and prints the CPU
// time of one append in nanoseconds, garbage collection included.
//
//	igloo DOCUMENT REQUIREMENTS UPDATES COUNT
//
// It is a process of its own because a collection marks all that a process
// keeps, and iceberg-go keeps much.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

// first are the appends before those that count.
const first = 3

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "igloo:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var input [3][]byte
	for i := range input {
		var err error
		if input[i], err = os.ReadFile(args[i]); err != nil {
			return err
		}
	}
	count, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	var begun int64
	for n := range first + count {
		if n == first {
			begun = cpuTime()
		}
		if err := once(input[0], input[1], input[2]); err != nil {
			return err
		}
	}
	fmt.Println((cpuTime() - begun) / int64(count))
	return nil
}

// once is an append from bytes to bytes.
func once(document, requirements, updates []byte) error {
	base, err := iceberg.ParseTableMetadata(document)
	if err != nil {
		return err
	}
	asserted, err := iceberg.DecodeRequirements(requirements)
	if err != nil {
		return err
	}
	if err := asserted.Check(base); err != nil {
		return err
	}
	changes, err := iceberg.DecodeUpdates(updates)
	if err != nil {
		return err
	}
	next, err := changes.Apply(base, iceberg.Application{Now: time.Now(), PreviousLocation: "s3://bucket/db/table/metadata/v.metadata.json"})
	if err != nil {
		return err
	}
	if len(next.Document()) <= len(document) {
		return fmt.Errorf("%d bytes became %d", len(document), len(next.Document()))
	}
	return nil
}

func cpuTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
