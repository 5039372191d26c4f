package telemetry

import (
	"net"
	"syscall"
)

// inode is the number of the socket in /proc/net/udp, 0 where it can't be known.
func inode(conn *net.UDPConn) (n uint64) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		var st syscall.Stat_t
		if syscall.Fstat(int(fd), &st) == nil {
			n = st.Ino
		}
	})
	return n
}
