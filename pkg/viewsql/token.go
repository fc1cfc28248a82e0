package viewsql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	// word is a name that is not quoted, a keyword or a number.
	word kind = iota + 1
	// quoted is a name in quotes.
	quoted
	dot
	comma
	// open and shut are parentheses and brackets.
	open
	shut
	// other is a string, or part of an operator.
	other
)

// token has the text of a word, of a quoted name without its quotes, and of an
// operator's character.
type token struct {
	kind kind
	text string
}

// is reports whether a token is a keyword, which is given in upper case.
func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

// tokens takes a text apart. It is not sound where dialects, or settings of one, take
// it apart in different ways: there a name could be part of a string.
func (d dialect) tokens(sql string) (tokens []token, sound bool) {
	if !utf8.ValidString(sql) {
		return nil, false
	}
	for rest := sql; rest != ""; {
		t, n := d.token(rest)
		if n == 0 {
			return nil, false
		}
		if t.kind != 0 {
			tokens = append(tokens, t)
		}
		rest = rest[n:]
	}
	return tokens, true
}

// token is the first one of a text, and how many bytes it takes, 0 where it is not
// sound. White space and comments are no token.
func (d dialect) token(s string) (token, int) {
	switch c := s[0]; {
	case strings.HasPrefix(s, "--"):
		return token{}, lineComment(s)
	case strings.HasPrefix(s, "/*"):
		return token{}, comment(s)
	case doubtful(s):
		return token{}, 0
	case c == d.quote:
		return d.quotedName(s)
	case c == '\'' || c == '"':
		return token{kind: other}, literal(s, c)
	case c == '`':
		return token{}, 0
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		return token{}, 1
	}
	if n := wordLength(s); n > 0 {
		return token{kind: word, text: s[:n]}, n
	}
	_, n := utf8.DecodeRuneInString(s)
	return token{kind: signOf(s[:n]), text: s[:n]}, n
}

// doubtful is what begins something that only some take for a string or a comment, or
// after which a list goes on that is none of tables.
func doubtful(s string) bool {
	for _, start := range []string{`\`, "//", "$$", "${", "|>", `&"`, "&'"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

func signOf(sign string) kind {
	switch sign {
	case ".":
		return dot
	case ",":
		return comma
	case "(", "[":
		return open
	case ")", "]":
		return shut
	default:
		return other
	}
}

// lineComment ends with its line, also for those who let a backslash continue it.
func lineComment(s string) int {
	line, _, _ := strings.Cut(s, "\n")
	line, _, _ = strings.Cut(line, "\r")
	if strings.HasSuffix(line, `\`) {
		return 0
	}
	return len(line)
}

// comment ends at its first end, also for those who let comments be in comments.
func comment(s string) int {
	text, _, found := strings.Cut(s[2:], "*/")
	if !found || strings.Contains(text, "/*") {
		return 0
	}
	return len(text) + 4
}

// literal ends at its next quote, also for those who let a backslash escape one. A
// quote that is doubled makes two literals of one, side by side.
func literal(s string, quote byte) int {
	end := strings.IndexByte(s[1:], quote)
	if end < 0 || end > 0 && s[end] == '\\' {
		return 0
	}
	return end + 2
}

// quotedName is a name in quotes, in which a doubled quote is one.
func (d dialect) quotedName(s string) (token, int) {
	var text strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != d.quote:
			text.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == d.quote:
			text.WriteByte(d.quote)
			i++
		default:
			return token{kind: quoted, text: text.String()}, i + 1
		}
	}
	return token{}, 0
}

// wordLength is how many bytes of a text are a word.
func wordLength(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(s)
}
