package e2e

import "syscall"

// dieWithUs ends a process when the test binary ends, however that ends.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
