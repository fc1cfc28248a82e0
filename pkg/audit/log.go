package audit

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/metric"
)

const (
	// maxWaiting bounds what waits to be written, in bytes.
	maxWaiting = 16 << 20
	// patience is how long a request waits for room. Only the first one does: while
	// lines are lost nobody waits.
	patience = 100 * time.Millisecond
	// retryAfter lies between two tries to write.
	retryAfter = time.Second
	// farewell is how long lines are still written when the log is closed.
	farewell = 5 * time.Second
)

// Log is where lines go. A nil Log is none.
type Log struct {
	service string
	reads   bool
	proxies []netip.Prefix
	out     *output
	log     *slog.Logger

	written, lost, failures atomic.Int64

	mu      sync.Mutex
	waiting []byte
	lines   int64
	// room is closed when what waits was taken; losing is whether it was too much.
	room   chan struct{}
	losing bool

	wake chan struct{}
	hup  chan os.Signal
	end  chan struct{}
	done chan struct{}
	// once makes a second Close harmless.
	once sync.Once
}

// OpenAudit opens the file that the settings name, and makes it for its owner's eyes;
// nil where they name none. The caller closes it.
func (t Trail) OpenAudit(service string, meter metric.Meter, log *slog.Logger) (*Log, error) {
	if t.AuditLog == "" {
		return nil, nil //nolint:nilnil // a nil Log is none
	}
	proxies, err := t.proxies()
	if err != nil {
		return nil, err
	}
	out, err := openOutput(t.AuditLog)
	if err != nil {
		return nil, err
	}
	l := &Log{
		service: service, reads: t.AuditReads, proxies: proxies, out: out, log: log, room: make(chan struct{}),
		wake: make(chan struct{}, 1), hup: make(chan os.Signal, 1), end: make(chan struct{}), done: make(chan struct{}),
	}
	if err := measure(meter, l); err != nil {
		return nil, err
	}
	signal.Notify(l.hup, syscall.SIGHUP)
	go l.run()
	return l, nil
}

// tell has a request's lines written, if they are to be.
func (l *Log) tell(ctx context.Context, e *Entry) {
	lines, worth := e.end()
	if !worth && !l.reads {
		return
	}
	for _, said := range lines {
		said.Time, said.Service = e.began.UTC(), l.service
		l.say(ctx, said)
	}
}

func (l *Log) say(ctx context.Context, said line) {
	text, err := json.Marshal(said)
	if err != nil {
		l.lost.Add(1)
		l.log.ErrorContext(ctx, "audit: a line could not be made", "error", err)
		return
	}
	if !l.put(append(text, '\n')) {
		l.lost.Add(1)
	}
}

// put has a line wait to be written; false when there is no room, even after a
// while.
func (l *Log) put(text []byte) bool {
	for tries := 0; ; tries++ {
		l.mu.Lock()
		if len(l.waiting)+len(text) <= maxWaiting {
			l.waiting = append(l.waiting, text...)
			l.lines++
			l.mu.Unlock()
			l.hurry()
			return true
		}
		room, losing := l.room, l.losing || tries > 0
		l.losing = losing
		l.mu.Unlock()
		if losing {
			return false
		}
		select {
		case <-room:
		case <-time.After(patience):
		}
	}
}

func (l *Log) hurry() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes what waits, until the log is closed.
func (l *Log) run() {
	defer close(l.done)
	defer signal.Stop(l.hup)
	for {
		select {
		case <-l.wake:
		case <-l.hup:
			l.out.close()
		case <-l.end:
			l.write()
			return
		}
		l.write()
	}
}

// write writes all that waits. What fails is tried again, from where it failed,
// while further lines wait behind it.
func (l *Log) write() {
	for text, lines := l.take(); lines > 0; text, lines = l.take() {
		failing := false
		for len(text) > 0 {
			n, err := l.out.Write(text)
			text = text[n:]
			if err == nil {
				continue
			}
			l.failures.Add(1)
			if !failing {
				l.log.Error("audit: lines cannot be written; they wait, and are lost when too many do", "file", l.out.path, "error", err)
			}
			failing = true
			if !l.rest() {
				l.lost.Add(lines)
				return
			}
		}
		l.written.Add(lines)
		if failing {
			l.log.Warn("audit: lines are written again", "file", l.out.path, "lost", l.lost.Load())
		}
	}
}

// rest waits for another try; false when there is none.
func (l *Log) rest() bool {
	select {
	case <-time.After(retryAfter):
		return true
	case <-l.end:
		return false
	}
}

// take is what waits, and how many lines that is.
func (l *Log) take() ([]byte, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text, lines := l.waiting, l.lines
	if lines > 0 {
		l.waiting, l.lines, l.losing = nil, 0, false
		close(l.room)
		l.room = make(chan struct{})
	}
	return text, lines
}

// Close writes what waits, for a while, and closes the file.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.once.Do(func() { close(l.end) })
	select {
	case <-l.done:
		l.out.close()
	case <-time.After(farewell):
		l.log.Error("audit: lines were not written when the process ended", "file", l.out.path)
	}
	return nil
}

var _ io.Closer = (*Log)(nil)
