package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// ticketKind is what a client shows a ticket for, and the parameter that it is in.
type ticketKind string

const (
	// stagedTicket is for the files of a table that is being made.
	stagedTicket ticketKind = "staged"
	// loadedTicket is for what is left of a table when it is gone.
	loadedTicket ticketKind = "loaded"
)

const (
	// stageLife is how long a table may be in the making.
	stageLife = 12 * time.Hour
	// loadedLife is how long a client that loaded a table may remove its files when it
	// is gone: as long as it could with a key.
	loadedLife = time.Hour
)

// ticket is where a table lies that has no pointer yet, or none any longer: no one
// keeps that for clients, so they bring it along.
type ticket struct {
	Kind ticketKind `json:"-"`
	// Owner is whose it is, and for which table.
	Owner   []string `json:"o"`
	Folders []string `json:"f"`
	// UUID is the metadata's, of a table that was loaded.
	UUID uuid.UUID `json:"u,omitzero"`
	// Expires is in seconds since 1970.
	Expires int64 `json:"e"`
}

// shown is the ticket of a request.
type shown struct {
	ticket

	// given says that there is one, open that it is good.
	given, open bool
}

// owner is whose table is worked with.
func (c *call) owner(id catalog.TableIdentifier) []string {
	return append([]string{c.principal(), c.warehouse, id.Name}, id.Namespace...)
}

// ticketOf is the ticket of a kind that a request for a table brings along.
func (h *Handler) ticketOf(c *call, id catalog.TableIdentifier, kind ticketKind) (shown, error) {
	sealed, given, err := c.parameter(string(kind))
	if err != nil || !given {
		return shown{}, err
	}
	t, open := h.tickets.open(kind, c.owner(id), sealed)
	return shown{ticket: t, given: true, open: open}, nil
}

// tickets seals what clients bring along.
type tickets struct{ key []byte }

// mac is another one for each kind, so that none passes for one of the other.
func (s tickets) mac(kind ticketKind, payload []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	_, _ = fmt.Fprintf(h, "igloo %s table 1\x00%s", kind, payload)
	return h.Sum(nil)
}

func (s tickets) seal(t ticket) string {
	payload, err := json.Marshal(t)
	if err != nil {
		return "" // which opens nothing; strings and numbers never fail
	}
	return base64.RawURLEncoding.EncodeToString(append(s.mac(t.Kind, payload), payload...))
}

func (s tickets) open(kind ticketKind, owner []string, sealed string) (ticket, bool) {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(data) < sha256.Size || !hmac.Equal(data[:sha256.Size], s.mac(kind, data[sha256.Size:])) {
		return ticket{}, false
	}
	var found ticket
	if json.Unmarshal(data[sha256.Size:], &found) != nil || time.Now().Unix() > found.Expires {
		return ticket{}, false
	}
	return found, slices.Equal(found.Owner, owner)
}
