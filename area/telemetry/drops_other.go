//go:build !linux

package telemetry

import "net"

// inode is 0: only Linux tells what a socket lost.
func inode(*net.UDPConn) uint64 { return 0 }
