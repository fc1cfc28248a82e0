// Package buildinfo tells which build of Igloo is running, from what the Go
// toolchain stamps into every binary.
package buildinfo

import "runtime/debug"

// Version is the module version of a released build, else "devel" with the
// commit it was built from where that is known.
func Version() string {
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
