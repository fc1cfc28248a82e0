package command

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

const (
	// drawEvery is how often a bar is drawn at most.
	drawEvery = 100 * time.Millisecond
	barWidth  = 30
	// longest is the most that is told of time left.
	longest = 99 * time.Hour
)

// progress tells people how far long work is, on one line of their terminal; to
// nobody where there is none. It may be told of work by several goroutines.
type progress struct {
	to    io.Writer // nil where nobody looks
	what  string
	begun time.Time

	mu    sync.Mutex
	total int64 // 0 while it is not known
	done  int64
	drawn time.Time
}

// newProgress begins to tell of work: "tables exported". total is how much there
// is to do, 0 when that is not known. Whoever begins it ends it.
func newProgress(env *settings.Env, what string, total int64) *progress {
	p := &progress{what: what, total: total, begun: time.Now()}
	if file, found := terminal(env.Stderr); found {
		p.to = file
	}
	return p
}

// add tells that n more are done.
func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if now := time.Now(); p.to != nil && now.Sub(p.drawn) >= drawEvery {
		p.drawn = now
		_, _ = fmt.Fprint(p.to, "\r\x1b[K", p.line(now.Sub(p.begun)))
	}
}

// grow tells that there are n more to do than was known.
func (p *progress) grow(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += n
}

// end takes the line away, so that what is written next begins on an empty one.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to != nil && !p.drawn.IsZero() {
		_, _ = fmt.Fprint(p.to, "\r\x1b[K")
	}
	p.to = nil
}

// line is how far the work is after some time.
func (p *progress) line(after time.Duration) string {
	pace := float64(p.done) / max(after.Seconds(), time.Millisecond.Seconds())
	if p.total < p.done || p.total == 0 {
		return fmt.Sprintf("%d %s (%.0f/s)", p.done, p.what, pace)
	}
	full := int(p.done * barWidth / p.total)
	left := time.Duration(min(float64(p.total-p.done)/max(pace, 1e-9), longest.Seconds()) * float64(time.Second))
	return fmt.Sprintf("[%s%s] %d of %d %s (%.0f/s, %s left)", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full),
		p.done, p.total, p.what, pace, left.Round(time.Second))
}
