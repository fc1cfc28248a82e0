package rest

import (
	"testing"
	"time"
)

// SG3: tickets end.
func TestTicketsEnd(t *testing.T) {
	s, owner := tickets{key: []byte("of a test")}, []string{"corp:alice", "default", "t", "a"}
	for life, want := range map[time.Duration]bool{time.Minute: true, -2 * time.Second: false} {
		sealed := s.seal(ticket{Kind: loadedTicket, Owner: owner, Folders: []string{"s3://lake/t"}, Expires: time.Now().Add(life).Unix()})
		if _, open := s.open(loadedTicket, owner, sealed); open != want {
			t.Errorf("that lasts for %s: open %t, want %t", life, open, want)
		}
		if _, open := s.open(loadedTicket, owner[:3], sealed); open {
			t.Errorf("that lasts for %s: is another's", life)
		}
	}
}
