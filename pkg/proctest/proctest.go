// Package proctest runs real programs for tests: databases, caches, and Igloo's
// own binaries.
//
// It promises that a program dies with the test process that started it, even
// when that is killed, and that its output is at hand when something goes wrong.
package proctest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// outputLimit bounds what is kept of a program's output, in bytes.
const outputLimit = 256 << 10

// Command is what to run.
type Command struct {
	Path string
	Args []string
	// Env is added to the environment of the test.
	Env []string
	Dir string
	// User, when not nil, runs the program.
	User *User
	// Output, when not nil, gets stdout and stderr as they come.
	Output io.Writer
}

// Process is a running program.
type Process struct {
	cmd    *exec.Cmd
	output *tail
	done   chan struct{}
	err    error
}

// Start starts a program. The kernel kills it when the thread that forked it
// ends (Pdeathsig), so that thread is kept for as long as the program runs.
func Start(c Command) (*Process, error) {
	p := &Process{output: &tail{}, done: make(chan struct{})}
	p.cmd = exec.Command(c.Path, c.Args...) //nolint:gosec,noctx // tests say what to run; it ends by Kill or with the test
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir = c.Dir
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if c.Output != nil {
		p.cmd.Stdout = io.MultiWriter(p.output, c.Output)
		p.cmd.Stderr = p.cmd.Stdout
	}
	c.User.Apply(p.cmd)
	if p.cmd.SysProcAttr == nil {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	p.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	p.cmd.SysProcAttr.Setpgid = true
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Path, err)
	}
	return p, nil
}

func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the program's end and returns how it ended.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Output is the end of what the program wrote.
func (p *Process) Output() string { return p.output.String() }

// Signal sends a signal to the program alone.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends the program and its children at once (SIGKILL) and waits for the end.
func (p *Process) Kill() error {
	err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// Stop asks the program to end (SIGTERM) and kills it after grace.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(grace):
		return errors.Join(fmt.Errorf("still running %s after SIGTERM", grace), p.Kill())
	}
}

// Ports that are given out: below those that the kernel takes for outgoing
// connections, which would be in the way of a program that starts later.
const (
	firstPort = 12_000
	lastPort  = 32_000
)

// given are the ports that this process gave out, so that no two tests get one.
var given sync.Map

// FreePort is a loopback TCP port that nobody listened on a moment ago, and that
// this process gave to nobody else.
func FreePort() (int, error) {
	const tries = 1000
	var last error
	for range tries {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // no secret
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // a loopback listener does not block
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("find a free port: %w", last)
}

// tail keeps the last outputLimit bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if over := t.buf.Len() - outputLimit; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
