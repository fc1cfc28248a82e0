package span

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// rest passes what follows the opening quote of a string; most are plain ASCII
// without escapes, of which it passes eight at a time.
func (s *Scanner) rest(i int) int {
	text := s.text
	for ; i+8 <= len(text); i += 8 {
		// The third index spares the compiler a guard, which is on the one path that
		// every string waits for.
		unusual := special(binary.LittleEndian.Uint64(text[i : i+8 : i+8]))
		if unusual == 0 {
			continue
		}
		if i += bits.TrailingZeros64(unusual) / 8; text[i] == '"' {
			return i + 1
		}
		break
	}
	return s.restBytewise(i)
}

// special has a bit in the lowest of eight bytes that is a quote, a backslash, a
// control character or not ASCII; what is set above that bit means nothing, for
// the subtractions carry. A quote with its second bit turned is a space, and the
// only byte that becomes one or less than that but for the control characters.
func special(eight uint64) uint64 {
	quoteOrControl := (eight ^ ones*2) - ones*('"'-1)
	backslash := (eight ^ ones*'\\') - ones
	return (quoteOrControl | backslash | eight) & highs
}

// restBytewise passes the rest of a string that has escapes, is not ASCII, or
// has fewer than eight bytes after it.
func (s *Scanner) restBytewise(i int) int {
	for i < len(s.text) {
		switch c := s.text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = s.escape(i); i < 0 {
				return failed
			}
		case c < ' ':
			return s.stop(i, "a control character in a string")
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(s.text[i:])
			if r == utf8.RuneError && size == 1 {
				return s.stop(i, "not UTF-8")
			}
			i += size
		}
	}
	return s.stop(i, "a string without end")
}

func (s *Scanner) escape(i int) int {
	if i+1 >= len(s.text) {
		return s.stop(i, "a string without end")
	}
	switch s.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for at := i + 2; at < i+6; at++ {
			if at >= len(s.text) || !isHex(s.text[at]) {
				return s.stop(i, "four hexadecimal digits were expected")
			}
		}
		return i + 6
	}
	return s.stop(i, "an unknown escape")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
