package telemetry

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"strconv"
	"strings"

	"yagura/kernel/clock"
)

// realNow is the machine's time, for deadlines of sockets.
var realNow = clock.System().Now

// udpSocket is a socket whose losses in the kernel are counted.
type udpSocket struct {
	inode uint64
	last  int64 // drops that were counted already
}

// watchSocket begins to count what the kernel drops of the socket's datagrams,
// where it says so: Linux, in /proc/net/udp and udp6.
func (s *Service) watchSocket(conn *net.UDPConn) *udpSocket {
	sock := &udpSocket{inode: inode(conn)}
	if sock.inode == 0 {
		return sock
	}
	s.udp.Lock()
	defer s.udp.Unlock()
	s.udp.sockets = append(s.udp.sockets, sock)
	return sock
}

func (s *Service) unwatch(sock *udpSocket) {
	s.udp.Lock()
	defer s.udp.Unlock()
	for i, o := range s.udp.sockets {
		if o == sock {
			s.udp.sockets = append(s.udp.sockets[:i], s.udp.sockets[i+1:]...)
			return
		}
	}
}

// kernelDrops adds what the kernel dropped since the last time. It knows the
// socket but not the sender, so the counter is that of no source.
func (s *Service) kernelDrops(into map[string]*beat) {
	s.udp.Lock()
	defer s.udp.Unlock()
	if len(s.udp.sockets) == 0 {
		return
	}
	drops := map[uint64]int64{}
	for _, path := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		if b, err := os.ReadFile(path); err == nil {
			readDrops(b, drops)
		}
	}
	for _, sock := range s.udp.sockets {
		if n := drops[sock.inode] - sock.last; n > 0 {
			sock.last += n
			if into[""] == nil {
				into[""] = &beat{}
			}
			into[""].dropped += n
		}
	}
}

// readDrops reads the columns inode and drops of /proc/net/udp.
func readDrops(table []byte, into map[uint64]int64) {
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 13 {
			continue
		}
		inode, err1 := strconv.ParseUint(f[9], 10, 64)
		n, err2 := strconv.ParseInt(f[12], 10, 64)
		if err1 == nil && err2 == nil {
			into[inode] = n
		}
	}
}
