package conformance_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// client runs somebody's program to its end and fails the test when that is not
// a good one. What it wrote is in the reports; the end of it is in the failure.
func (b *bench) client(t *testing.T, c proctest.Command) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(b.reports, "output.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c.Output = log
	process, err := proctest.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Kill()
	select {
	case <-process.Done():
		if err := process.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", c.Path, err, end(process.Output()))
		}
	case <-time.After(limit):
		t.Errorf("%s ran longer than %s\n%s", c.Path, limit, end(process.Output()))
	}
}

// end is as much of a long output as a person reads.
func end(output string) string {
	const enough = 4 << 10
	return output[max(0, len(output)-enough):]
}

// installed is the path of something in the folder of the clients.
func (b *bench) installed(t *testing.T, path ...string) string {
	t.Helper()
	found := filepath.Join(append([]string{b.clients}, path...)...)
	if _, err := os.Stat(found); err != nil {
		t.Fatalf("%v; 'make conformance' installs it", err)
	}
	return found
}
