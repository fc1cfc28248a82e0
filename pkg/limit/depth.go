package limit

import "github.com/igloo-catalog/igloo/pkg/fault"

// MaxDepth is how deep objects and arrays of JSON may lie in one another: far
// deeper than any schema or filter.
const MaxDepth = 256

// Depth refuses JSON that is too deep, before anything is decoded: what decodes
// it may need a frame of the stack for each level. Whether it is JSON at all is
// for the decoder to tell.
func Depth(data []byte) error {
	depth, inside := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case inside:
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return fault.New(fault.Invalid, "body: at byte %d it is nested %d levels deep, allowed are %d", i, depth, MaxDepth)
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return nil
}
