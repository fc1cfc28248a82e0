// Command woken prints the timer slack of each of its threads, one a line, then its
// arguments, an environment variable and what its first further descriptor reads, and
// ends with the code 7.
package main

import (
	"fmt"
	"io"
	"os"
	"time"

	_ "github.com/igloo-catalog/igloo/pkg/slack"
)

func main() {
	time.Sleep(10 * time.Millisecond) // for the runtime's threads to begin
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	for _, thread := range threads {
		slack, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if err != nil {
			panic(err)
		}
		fmt.Print(string(slack))
	}
	inherited, err := io.ReadAll(os.NewFile(3, "inherited"))
	fmt.Println(os.Args[1:], os.Getenv("TOLD"), string(inherited), err)
	os.Exit(7)
}
