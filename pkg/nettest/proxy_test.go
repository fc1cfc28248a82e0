package nettest_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/nettest"
)

// echo answers every line with its name and the line, and counts them.
func echo(t *testing.T, name string) (addr string, seen *atomic.Int64) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	seen = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					seen.Add(1)
					fmt.Fprintln(conn, name, lines.Text())
				}
			}()
		}
	}()
	return listener.Addr().String(), seen
}

type client struct {
	net.Conn

	lines *bufio.Reader
}

func dial(t *testing.T, p *nettest.Proxy) *client {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) ask(question string, limit time.Duration) (string, error) {
	_ = c.SetDeadline(time.Now().Add(limit))
	if _, err := fmt.Fprintln(c, question); err != nil {
		return "", err
	}
	return c.lines.ReadString('\n')
}

const long = 10 * time.Second

func TestCuts(t *testing.T) {
	addr, seen := echo(t, "a")
	p := nettest.NewProxy(t, addr)
	for _, c := range []struct {
		fate    nettest.Fate
		arrives int64
	}{{nettest.CutBefore, 0}, {nettest.CutAfter, 1}} {
		conn := dial(t, p)
		if answer, err := conn.ask("one", long); err != nil || answer != "a one\n" {
			t.Fatalf("before the cut: %q, %v", answer, err)
		}
		before := seen.Load()
		p.Judge(func(sent []byte) nettest.Fate {
			if strings.HasPrefix(string(sent), "two") {
				return c.fate
			}
			return nettest.Pass
		})
		if answer, err := conn.ask("two", long); err == nil || answer != "" {
			t.Errorf("fate %d: answered %q", c.fate, answer)
		}
		if got := seen.Load() - before; got != c.arrives {
			t.Errorf("fate %d: the server saw %d lines, want %d", c.fate, got, c.arrives)
		}
	}
}

func TestFreezeAwayAndLead(t *testing.T) {
	first, _ := echo(t, "a")
	second, _ := echo(t, "b")
	p := nettest.NewProxy(t, first)
	conn := dial(t, p)
	p.Freeze()
	if _, err := conn.ask("one", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("frozen: %v", err)
	}
	p.Thaw()
	_ = conn.SetDeadline(time.Now().Add(long))
	if answer, err := conn.lines.ReadString('\n'); err != nil || answer != "a one\n" {
		t.Fatalf("thawed: %q, %v", answer, err)
	}
	p.Lead(second)
	if answer, err := conn.ask("two", long); err != nil || answer != "a two\n" {
		t.Fatalf("an old connection: %q, %v", answer, err)
	}
	p.Away(true)
	for _, c := range []*client{conn, dial(t, p)} {
		if answer, err := c.ask("three", long); err == nil {
			t.Fatalf("away: %q", answer)
		}
	}
	p.Away(false)
	if answer, err := dial(t, p).ask("four", long); err != nil || answer != "b four\n" {
		t.Fatalf("a new connection: %q, %v", answer, err)
	}
}

func TestSlow(t *testing.T) {
	addr, _ := echo(t, "a")
	p := nettest.NewProxy(t, addr)
	conn := dial(t, p)
	p.Slow(100 * time.Millisecond)
	began := time.Now()
	if answer, err := conn.ask("one", long); err != nil || answer != "a one\n" || time.Since(began) < 200*time.Millisecond {
		t.Errorf("%q, %v after %v", answer, err, time.Since(began))
	}
}
