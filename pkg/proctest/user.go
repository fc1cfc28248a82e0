package proctest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// User is whom a program runs as; nil is whoever runs the test.
type User struct {
	uid, gid uint32
}

// Unprivileged is the user of that name when the test runs as root, which some
// servers refuse, and nil otherwise.
func Unprivileged(name string) (*User, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no change of user is a valid answer
	}
	account, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	return &User{uid: uint32(uid), gid: uint32(gid)}, nil
}

// Own gives a folder to the user.
func (u *User) Own(dir string) error {
	if u == nil {
		return nil
	}
	return os.Chown(dir, int(u.uid), int(u.gid))
}

// Apply makes cmd run as the user.
func (u *User) Apply(cmd *exec.Cmd) {
	if u == nil {
		return
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.uid, Gid: u.gid}
}
