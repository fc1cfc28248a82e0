// Package slack owns how late the system may wake a program that serves.
//
// It promises that all threads of a program that was told to serve have a timer slack
// of a millisecond, where the system is Linux on amd64 or arm64, the program was linked
// with the flag that [Linked] tells, and whoever started it had not chosen another
// slack than Linux' own. Everything else runs as ever.
//
// The runtime's monitor thread sleeps for 20 µs at a time while a program has
// something to do, and with the slack that Linux gives, 50 µs, it is woken fourteen
// thousand times a second: a tenth of what a service computes, on virtual machines.
// It begins before any Go code and has the slack of the thread that started it, so
// only the first instructions of a program can set it without a second start.
package slack

// Linked is the linker's flag that has a program begin here, or nothing where the
// system has no slack. The Makefile and deploy/release say the same.
func Linked(system, arch string) string {
	if system == "linux" && (arch == "amd64" || arch == "arm64") {
		return "-E=igloo_start"
	}
	return ""
}
