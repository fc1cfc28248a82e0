package audit

import (
	"fmt"
	"os"
)

// output is the file that lines are added to, whichever has its name now: it may
// be moved away at any time. Only one goroutine uses it.
type output struct {
	path string
	file *os.File
}

// standard is the path that means the standard output.
const standard = "-"

func openOutput(path string) (*output, error) {
	o := &output{path: path}
	return o, o.open()
}

func (o *output) open() error {
	if o.path == standard {
		o.file = os.Stdout
		return nil
	}
	file, err := os.OpenFile(o.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("audit-log: %w", err)
	}
	o.file = file
	return nil
}

// Write adds to the file of the name, which is a new one if the last was moved
// away.
func (o *output) Write(p []byte) (int, error) {
	if o.file != nil && o.moved() {
		o.close()
	}
	if o.file == nil {
		if err := o.open(); err != nil {
			return 0, err
		}
	}
	return o.file.Write(p)
}

// moved reports whether the file that is open has its name no more.
func (o *output) moved() bool {
	if o.path == standard {
		return false
	}
	named, err := os.Stat(o.path)
	if err != nil {
		return os.IsNotExist(err)
	}
	open, err := o.file.Stat()
	return err == nil && !os.SameFile(named, open)
}

// close has the next Write open the file anew.
func (o *output) close() {
	if o.file != nil && o.path != standard {
		_ = o.file.Close()
		o.file = nil
	}
}
