package replays

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// What a key holds begins with one of these.
const (
	reserved = 'P'
	final    = 'F'
)

// mark is a reservation: who is at work, and on which request.
type mark struct {
	instance, holder uuid.UUID
	fingerprint      []byte
}

func (r *Redis) mark(claim catalog.Claim) mark {
	return mark{instance: r.instance, holder: claim.Holder, fingerprint: claim.Fingerprint}
}

func (m mark) encode() []byte {
	value := append([]byte{reserved}, m.instance[:]...)
	value = append(value, m.holder[:]...)
	return append(value, m.fingerprint...)
}

func encodeFinished(f catalog.Finished) ([]byte, error) {
	value, err := json.Marshal(f)
	return append([]byte{final}, value...), err
}

// decode reads either.
func decode(value []byte) (*catalog.Finished, mark, error) {
	const head = 1 + 16 + 16
	switch {
	case len(value) > 0 && value[0] == final:
		var f catalog.Finished
		err := json.Unmarshal(value[1:], &f)
		return &f, mark{}, err
	case len(value) > head && value[0] == reserved:
		return nil, mark{
			instance: uuid.UUID(value[1:17]), holder: uuid.UUID(value[17:head]), fingerprint: value[head:],
		}, nil
	}
	return nil, mark{}, fmt.Errorf("a record of %d bytes is neither a reservation nor an outcome", len(value))
}

// Both act only on a reservation that is still the one they were told of.
var (
	swap = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then
  redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
  return 1
end
return 0`)
	remove = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then
  return redis.call("DEL", KEYS[1])
end
return 0`)
)
