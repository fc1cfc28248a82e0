package span

// failed is what a step gives, in place of an offset, where the text is wrong.
const failed = -1

// stop notes what is wrong at i. It and pastSpace are rare, and would be in the
// way of what is not.
//
//go:noinline
func (s *Scanner) stop(i int, what string) int {
	s.pos, s.wrong = i, what
	return failed
}

// past passes white space, of which there mostly is none.
func (s *Scanner) past(i int) int {
	if i < len(s.text) && s.text[i] > ' ' {
		return i
	}
	return s.pastSpace(i)
}

//go:noinline
func (s *Scanner) pastSpace(i int) int {
	for i < len(s.text) {
		switch s.text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// value passes the value that begins at i.
func (s *Scanner) value(i, depth int) int {
	if i >= len(s.text) {
		return s.stop(i, "a value was expected")
	}
	switch c := s.text[i]; {
	case c == '"':
		return s.rest(i + 1)
	case c == '{':
		return s.members(i+1, depth+1)
	case c == '[':
		return s.elements(i+1, depth+1)
	case c == '-' || c-'0' <= 9:
		return s.number(i)
	case c == 't':
		return s.literal(i, "true")
	case c == 'f':
		return s.literal(i, "false")
	case c == 'n':
		return s.literal(i, "null")
	}
	return s.stop(i, "a value was expected")
}

func (s *Scanner) literal(i int, word string) int {
	if len(s.text)-i < len(word) || string(s.text[i:i+len(word)]) != word {
		return s.stop(i, "a value was expected")
	}
	return i + len(word)
}

// members passes what follows the opening brace of an object.
func (s *Scanner) members(i, depth int) int {
	if depth > maxDepth {
		return s.stop(i, "nested too deep")
	}
	text := s.text
	if i = s.past(i); i < len(text) && text[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(text) || text[i] != '"' {
			return s.stop(i, "a member's name was expected")
		}
		if i = s.rest(i + 1); i < 0 {
			return failed
		}
		if i = s.past(i); i >= len(text) || text[i] != ':' {
			return s.stop(i, "':' was expected")
		}
		if i = s.value(s.past(i+1), depth); i < 0 {
			return failed
		}
		if i = s.past(i); i >= len(text) || text[i] != ',' {
			return s.closing(i, '}')
		}
		i = s.past(i + 1)
	}
}

// picked is members, for whoever wants some of them.
func (s *Scanner) picked(i int, names []string, values []Span) int {
	if i = s.past(i); i < len(s.text) && s.text[i] == '}' {
		return i + 1
	}
	for {
		start := i
		end, value := s.name(i)
		if value < 0 {
			return failed
		}
		if i = s.value(value, 1); i < 0 {
			return failed
		}
		if !note(names, values, s.text[start+1:end], Span{value, i}) {
			return s.stop(start, "a member that is there twice")
		}
		if i = s.past(i); i >= len(s.text) || s.text[i] != ',' {
			return s.closing(i, '}')
		}
		i = s.past(i + 1)
	}
}

// note keeps the value of a name that is picked, and fails when it has one.
func note(names []string, values []Span, name []byte, value Span) bool {
	for i, picked := range names {
		if string(name) != picked {
			continue
		}
		if values[i] != (Span{}) {
			return false
		}
		values[i] = value
	}
	return true
}

// elements passes what follows the opening bracket of an array.
func (s *Scanner) elements(i, depth int) int {
	if depth > maxDepth {
		return s.stop(i, "nested too deep")
	}
	if i = s.past(i); i < len(s.text) && s.text[i] == ']' {
		return i + 1
	}
	for {
		if i = s.value(i, depth); i < 0 {
			return failed
		}
		if i = s.past(i); i >= len(s.text) || s.text[i] != ',' {
			return s.closing(i, ']')
		}
		i = s.past(i + 1)
	}
}

func (s *Scanner) closing(i int, bracket byte) int {
	if i < len(s.text) && s.text[i] == bracket {
		return i + 1
	}
	return s.stop(i, "',' or '"+string(bracket)+"' was expected")
}

// name passes a member's name and the colon: end is that of the name, without
// its quote, and value is where the value begins.
func (s *Scanner) name(i int) (end, value int) {
	if i >= len(s.text) || s.text[i] != '"' {
		return 0, s.stop(i, "a member's name was expected")
	}
	if i = s.rest(i + 1); i < 0 {
		return 0, failed
	}
	end = i - 1
	if i = s.past(i); i >= len(s.text) || s.text[i] != ':' {
		return 0, s.stop(i, "':' was expected")
	}
	return end, s.past(i + 1)
}
