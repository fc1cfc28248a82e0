package pictures

import (
	"fmt"
	"strings"
)

// rules are those of the drawings here, beside what all drawings have.
var rules = func() string {
	var light, dark strings.Builder
	light.WriteString(".h{font-size:12px;font-weight:600}.s{font-size:10px}.m{fill:#59636e}.b{fill:none;stroke:#d1d9e0}.w{fill:none;stroke-width:1.3;stroke-linejoin:round}\n")
	dark.WriteString("@media (prefers-color-scheme:dark){.m{fill:#9198a1}.b{stroke:#3d444d}")
	for i, colour := range colours {
		fmt.Fprintf(&light, ".l%d{stroke:%s}.a%d{fill:%s}\n", i, colour.light, i, colour.light)
		fmt.Fprintf(&dark, ".l%d{stroke:%s}.a%d{fill:%s}", i, colour.dark, i, colour.dark)
	}
	return light.String() + dark.String() + "}\n"
}()

// colours tell lines and bars apart, in this order.
var colours = []struct{ light, dark string }{
	{"#0b6bcb", "#4493f8"},
	{"#c2570c", "#f0883e"},
	{"#1a7f37", "#3fb950"},
	{"#8250df", "#bc8cff"},
	{"#bf3989", "#f778ba"},
	{"#9a6700", "#d4a72c"},
	{"#0e8a8a", "#39c5cf"},
	{"#cf222e", "#ff7b72"},
	{"#57606a", "#9198a1"},
	{"#6e5494", "#a5d0ff"},
}
