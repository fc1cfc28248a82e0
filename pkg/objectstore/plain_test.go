package objectstore_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// strange are answers that are left to net/http.
var strange = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
	"HTTP/1.1 200 OK\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTrailer: Etag\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n folded: x\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nEtag\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nEtag: \n\r\n\r\n",
	"HTTP/1.1 200 OK\n0\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
}

func TestWhatIsStrangeIsLeftToTheLibrary(t *testing.T) {
	for _, answer := range strange {
		if _, _, ok := objectstore.PlainAnswer([]byte(answer)); ok {
			t.Errorf("%q is taken for plain", answer)
		}
	}
	answer := "HTTP/1.1 200 OK\r\nServer: VERSITYGW\r\nETag: \"x\"\r\nx-amz-id-2:\tY\r\ncontent-length:  3 \r\n\r\nabc"
	if body, whole, ok := objectstore.PlainAnswer([]byte(answer + "HTTP")); body != 3 || whole != len(answer) || !ok {
		t.Errorf("a body of %d of %d bytes, %t", body, whole, ok)
	}
}

// FuzzPlainAnswer: whatever is taken for plain, net/http reads the same.
func FuzzPlainAnswer(f *testing.F) {
	for _, answer := range strange {
		f.Add([]byte(answer))
	}
	f.Add([]byte(fine + refused))
	f.Add([]byte("HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 3\r\n\r\nabc"))
	f.Fuzz(func(t *testing.T, came []byte) {
		body, whole, ok := objectstore.PlainAnswer(came)
		if !ok {
			return
		}
		in := bufio.NewReader(bytes.NewReader(came))
		answer, err := http.ReadResponse(in, &http.Request{Method: http.MethodPut})
		if err != nil {
			t.Fatalf("net/http: %v", err)
		}
		defer answer.Body.Close()
		n, err := io.Copy(io.Discard, answer.Body)
		rest, _ := io.Copy(io.Discard, in)
		if answer.StatusCode != http.StatusOK || answer.Close || n != int64(body) || int(rest) != len(came)-whole || err != nil {
			t.Errorf("%d with %d bytes, %d behind it, the last: %t, %v; taken for %d bytes of %d", answer.StatusCode, n, rest, answer.Close, err, body, whole)
		}
	})
}
