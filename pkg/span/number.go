package span

import (
	"encoding/binary"
	"math/bits"
)

// number passes a number that begins at i.
func (s *Scanner) number(i int) int {
	text := s.text
	if text[i] == '-' {
		i++
	}
	start := i
	if i < len(text) && text[i] == '0' {
		i++
	} else if i = s.digits(i); i == start {
		return s.stop(i, "a digit was expected")
	}
	if i < len(text) && (text[i] == '.' || text[i]|0x20 == 'e') {
		return s.fraction(i)
	}
	return i
}

// fraction passes what makes a number one that is no integer.
func (s *Scanner) fraction(i int) int {
	text := s.text
	if text[i] == '.' {
		start := i + 1
		if i = s.digits(start); i == start {
			return s.stop(i, "a digit was expected")
		}
	}
	if i >= len(text) || text[i]|0x20 != 'e' {
		return i
	}
	if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	}
	start := i
	if i = s.digits(start); i == start {
		return s.stop(i, "a digit was expected")
	}
	return i
}

// digits passes digits, eight at a time.
func (s *Scanner) digits(i int) int {
	text := s.text
	for ; i+8 <= len(text); i += 8 {
		if others := notDigits(binary.LittleEndian.Uint64(text[i : i+8 : i+8])); others != 0 {
			return i + bits.TrailingZeros64(others)/8
		}
	}
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

// notDigits has a bit in the lowest of eight bytes that is not a digit; what is
// set above that bit means nothing.
func notDigits(eight uint64) uint64 {
	value := eight ^ ones*'0'
	return ((value + ones*(0x7f-9)) | value) & highs
}
