package objectstore

import (
	"bytes"
	"strconv"
)

var (
	lineEnd = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
	success = []byte("HTTP/1.1 200 ")
)

// plainAnswer finds the length of the body, and of all, of an answer that is like nearly
// all: a success, there as a whole, that says its length and nothing more of how it is to
// be read. Of any other it says no, and net/http reads it, which costs several times as
// much (RFC 9112, sections 2 to 6).
func plainAnswer(came []byte) (body, whole int, ok bool) {
	end := bytes.Index(came, headEnd)
	if end < 0 || !bytes.HasPrefix(came, success) {
		return 0, 0, false
	}
	line, fields, _ := bytes.Cut(came[:end], lineEnd)
	if body, ok = plainLength(fields); !ok || !plainValue(line) {
		return 0, 0, false
	}
	whole = end + len(headEnd) + body
	return body, whole, whole <= len(came)
}

// plainLength is the one length that the fields of a head tell.
func plainLength(fields []byte) (length int, ok bool) {
	for len(fields) > 0 {
		var field []byte
		field, fields, _ = bytes.Cut(fields, lineEnd)
		name, value, colon := bytes.Cut(field, []byte(":"))
		if !colon || !plainName(name) || !plainValue(value) {
			return 0, false
		}
		if !bytes.EqualFold(name, []byte("Content-Length")) {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.Trim(value, " \t")), 10, 31)
		if err != nil || ok {
			return 0, false
		}
		length, ok = int(n), true
	}
	return length, ok
}

// plainName reports whether a field is called by letters and dashes, and none that
// changes how the answer is read.
func plainName(name []byte) bool {
	for _, c := range name {
		if c != '-' && (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0 && !bytes.EqualFold(name, []byte("Connection")) &&
		!bytes.EqualFold(name, []byte("Transfer-Encoding")) && !bytes.EqualFold(name, []byte("Trailer"))
}

// plainValue reports whether a value has no control characters but tabs.
func plainValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
