package child

import "syscall"

// dieWithParent has the kernel tell the child to end when this process is gone,
// and keeps the keyboard's Ctrl C from it: it is ended after the last batch.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
