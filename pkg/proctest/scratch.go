package proctest

import (
	"os"
	"syscall"
)

// scratchRoom is how much memory must be free for files to lie there: the
// databases of one run of tests, and as much again.
const scratchRoom = 2 << 30

// ScratchDir is the folder under which tests put files that need not outlive the
// machine: in memory where there is room, for a file system on disk does much of
// its work though nobody asks it to be durable.
func ScratchDir() string {
	const memory = "/dev/shm"
	var room syscall.Statfs_t
	if err := syscall.Statfs(memory, &room); err != nil || room.Bavail*uint64(room.Bsize) < scratchRoom {
		return os.TempDir()
	}
	return memory
}
