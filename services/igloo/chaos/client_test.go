package chaos_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

const (
	// patience bounds one sending, and persistence all of one request's.
	patience    = 12 * time.Second
	persistence = 45 * time.Second
	// doubled is the share of keyed requests that are sent twice at once.
	doubled = 0.3
)

// client sends requests as an engine does: what a key makes safe to send again
// is sent again until it is answered, at any replica.
type client struct {
	urls  []string
	clock func() int64
	http  *http.Client
}

func newClient(urls []string) *client {
	begin := time.Now()
	return &client{
		urls:  urls,
		clock: func() int64 { return int64(time.Since(begin)) },
		http:  &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
}

// wire is a request as it is sent.
type wire struct {
	method, path, body, key string
}

// answer is what came back. Without a status nothing did.
type answer struct {
	status int
	body   []byte
}

// settles reports whether the outcome is known by it.
func (a answer) settles() bool {
	return a.status >= 200 && a.status < 500 && a.status != http.StatusTooManyRequests
}

func (a answer) reply() chaos.Reply {
	reply := chaos.Reply{Status: a.status}
	var said struct {
		Location string `json:"metadata-location"`
		Error    struct{ Message, Type string }
	}
	if json.Unmarshal(a.body, &said) != nil || said.Error.Type == "" {
		reply.Location, reply.Digest = said.Location, digest(a.body)
		return reply
	}
	reply.Digest = digest([]byte(said.Error.Type + ": " + said.Error.Message))
	return reply
}

func digest(said []byte) string {
	sum := sha256.Sum256(said)
	return hex.EncodeToString(sum[:8])
}

// do sends a request until it is settled, some of them twice at once, and notes
// the times and the replies.
func (c *client) do(ctx context.Context, r *chaos.Request, w wire) answer {
	w.key, r.Called, r.Returned = r.Key, c.clock(), chaos.Forever
	var second answer
	var other sync.WaitGroup
	if r.Key != "" && rand.Float64() < doubled {
		other.Go(func() {
			time.Sleep(rand.N(40 * time.Millisecond))
			second = c.insist(ctx, w)
		})
	}
	first := c.insist(ctx, w)
	if first.settles() {
		r.Returned = c.clock()
	}
	other.Wait()
	for _, a := range []answer{first, second} {
		if a.settles() {
			r.Replies = append(r.Replies, a.reply())
		}
	}
	if !first.settles() && second.settles() {
		r.Returned, first = c.clock(), second
	}
	return first
}

// insist sends a request until it is settled; without a key, or for a write, once.
func (c *client) insist(ctx context.Context, w wire) answer {
	ctx, cancel := context.WithTimeout(ctx, persistence)
	defer cancel()
	for {
		a := c.once(ctx, w)
		if a.settles() || (w.key == "" && w.method != http.MethodGet && w.method != http.MethodHead) {
			return a
		}
		select {
		case <-ctx.Done():
			return answer{}
		case <-time.After(20*time.Millisecond + rand.N(100*time.Millisecond)):
		}
	}
}

func (c *client) once(ctx context.Context, w wire) answer {
	request, err := http.NewRequestWithContext(ctx, w.method, c.urls[rand.IntN(len(c.urls))]+w.path, strings.NewReader(w.body))
	if err != nil {
		return answer{}
	}
	request.Header.Set("Content-Type", "application/json")
	if w.key != "" {
		request.Header.Set("Idempotency-Key", w.key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}
	}
	return answer{status: response.StatusCode, body: body}
}
