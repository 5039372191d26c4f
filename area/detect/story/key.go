package story

import (
	"net/netip"
	"strings"
)

// The kinds of keys.
const (
	Host    = "host"
	User    = "user"
	Address = "address"
	Hash    = "hash"
	Process = "process"
)

// Key is a kind with a value, as it links: "user:m.visser".
func Key(kind, value string) string { return kind + ":" + value }

// Cut is the kind and the value of a key.
func Cut(key string) (kind, value string) {
	kind, value, _ = strings.Cut(key, ":")
	return kind, value
}

// everywhere are names that every machine has: they say nothing about who it
// was.
var everywhere = map[string]bool{
	"": true, "-": true, "?": true, "n/a": true, "null": true, "none": true, "unknown": true,
	"system": true, "local system": true, "localsystem": true, "local service": true, "network service": true, "localservice": true, "networkservice": true,
	"anonymous": true, "anonymous logon": true, "guest": true, "administrator": true, "administrators": true, "admin": true, "root": true, "nobody": true, "daemon": true,
	"www-data": true, "apache": true, "nginx": true, "postgres": true, "mysql": true, "sshd": true, "everyone": true, "users": true, "iusr": true,
	"localhost": true, "localhost.localdomain": true,
}

// HostKey is the key of a host. A full name means one host of the whole group; a
// short one means one within its unit only. "" where the name says nothing.
func HostKey(unit, name string) string {
	name = strings.ToLower(strings.TrimSpace(strings.TrimSuffix(name, ".")))
	if everywhere[name] {
		return ""
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return AddressKey(a.String())
	}
	if !strings.Contains(name, ".") {
		name = unit + "/" + name
	}
	return Key(Host, name)
}

// UserKey is the key of a user: the name without its domain, in small letters.
// "" where every machine has one of that name.
func UserKey(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	if strings.HasPrefix(name, "arn:") { // a cloud's name of it: its last part
		name = name[strings.LastIndexByte(name, '/')+1:]
	} else if at := strings.IndexByte(name, '@'); at > 0 {
		name = name[:at]
	}
	if everywhere[name] || strings.HasSuffix(name, "$") || strings.HasPrefix(name, "dwm-") || strings.HasPrefix(name, "umfd-") || strings.HasPrefix(name, "s-1-5-") && len(name) < 10 {
		return ""
	}
	return Key(User, name)
}

// AddressKey is the key of an address. "" for what is this machine, nobody or
// everybody.
func AddressKey(s string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return ""
	}
	return Key(Address, a.String())
}

// HashKey is the key of a file by its SHA-256 (or MD5, SHA-1) in hexadecimal.
// The hashes of nothing link nothing.
func HashKey(hex string) string {
	hex = strings.ToLower(strings.TrimSpace(hex))
	switch len(hex) {
	case 32, 40, 64:
	default:
		return ""
	}
	if strings.Trim(hex, "0123456789abcdef") != "" || strings.Trim(hex, "0") == "" {
		return ""
	}
	switch hex {
	case "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e":
		return ""
	}
	return Key(Hash, hex)
}

// ProcessKey is the key of a process by the id that its sensor gave it.
func ProcessKey(guid string) string {
	guid = strings.ToLower(strings.Trim(strings.TrimSpace(guid), "{}"))
	if len(guid) < 16 || strings.Trim(guid, "0-") == "" {
		return ""
	}
	return Key(Process, guid)
}
