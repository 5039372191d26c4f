//go:build !linux

package child

import "syscall"

// dieWithParent keeps the keyboard's Ctrl C from the child; it ends when its
// standard input does.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
