package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// maxLine bounds what is held of a file at a time.
const maxLine = 16 << 20

// Lines reads a file a line at a time, and ends with the first error. What it reads
// may be of a file that is not whole: see Check.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for text, err := range texts(r) {
			var line Line
			if err == nil {
				line, err = parse(text)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// texts are the lines as they were written, each with its end.
func texts(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReader(r)
		for number := 1; ; number++ {
			text, err := readLine(in)
			switch {
			case errors.Is(err, io.EOF) && len(text) == 0:
				return
			case err != nil:
				yield(nil, fmt.Errorf("line %d: %w", number, err))
				return
			case !yield(text, nil):
				return
			}
		}
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		some, err := in.ReadSlice('\n')
		line = append(line, some...)
		switch {
		case err == nil:
			return line, nil
		case len(line) > maxLine:
			return nil, fmt.Errorf("is longer than %d bytes", maxLine)
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, errors.New("is not whole: the file is cut off")
		case !errors.Is(err, bufio.ErrBufferFull):
			return line, err
		}
	}
}

func parse(text []byte) (Line, error) {
	var line Line
	if err := json.Unmarshal(text, &line); err != nil || line.Type == "" || len(line.Value) == 0 {
		return line, fmt.Errorf("%.100q is no line of an export", text)
	}
	return line, nil
}

// Check reads a file to its end and returns what it says of itself, if it is whole
// and of a form that this build knows.
func Check(r io.Reader) (Header, Trailer, error) {
	var header Header
	var trailer Trailer
	sum, before := sha256.New(), []byte(nil)
	lines := int64(0)
	for text, err := range texts(r) {
		if err != nil {
			return header, trailer, err
		}
		_, _ = sum.Write(before)
		if lines == 0 {
			if header, err = readHeader(text); err != nil {
				return header, trailer, err
			}
		}
		lines++
		before = text
	}
	last, err := parse(bytes.TrimSpace(before))
	if err != nil || last.Type != TypeTrailer || json.Unmarshal(last.Value, &trailer) != nil {
		return header, trailer, errors.New("the file has no trailer: it is not whole")
	}
	if found := hex.EncodeToString(sum.Sum(nil)); found != trailer.SHA256 || lines != trailer.Lines+1 {
		return header, trailer, fmt.Errorf("the file is not what was written: %d lines with the checksum %s, and its trailer says %d with %s",
			lines-1, found, trailer.Lines, trailer.SHA256)
	}
	return header, trailer, nil
}

func readHeader(text []byte) (Header, error) {
	var header Header
	line, err := parse(text)
	if err != nil || line.Type != TypeHeader || json.Unmarshal(line.Value, &header) != nil {
		return header, errors.New("the file has no header: it is no export of Igloo")
	}
	if header.Format != Format {
		return header, fmt.Errorf("the file is of format %d, and this program reads %d", header.Format, Format)
	}
	return header, nil
}
