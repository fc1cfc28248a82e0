// Package buildinfo tells which build of Igloo is running, from what the Go
// toolchain stamps into every binary.
package buildinfo

import "runtime/debug"

// release is set by the linker, and by nothing else, in what `make release` builds:
// the toolchain knows tags of one module alone.
var release string

// Version is the version of a release, the module version of what `go install` built,
// else "devel" with the commit it was built from where that is known.
func Version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return "devel-" + setting.Value[:12]
		}
	}
	return "devel"
}
