package incident

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Kind is a type of observable.
type Kind string

// The types of observables.
const (
	IP      Kind = "ip"
	Net     Kind = "net"
	Domain  Kind = "domain"
	URL     Kind = "url"
	Hash    Kind = "hash"
	Mail    Kind = "mail"
	Host    Kind = "host"
	User    Kind = "user"
	File    Kind = "file"
	Process Kind = "process"
	Key     Kind = "registry"
	Vuln    Kind = "cve"
	Misc    Kind = "other"
)

// Kinds are all types in the order in which one picks them.
var Kinds = []Kind{IP, Domain, URL, Hash, Mail, Host, User, File, Process, Key, Net, Vuln, Misc}

// Label is the word for the type.
func (k Kind) Label() text.Message {
	switch k {
	case IP:
		return text.M("IP address")
	case Net:
		return text.M("Network")
	case Domain:
		return text.M("Domain")
	case URL:
		return text.Literal("URL")
	case Hash:
		return text.M("Hash of a file")
	case Mail:
		return text.M("Mail address")
	case Host:
		return text.M("Computer")
	case User:
		return text.M("User account")
	case File:
		return text.M("File§observable")
	case Process:
		return text.M("Process")
	case Key:
		return text.M("Registry key")
	case Vuln:
		return text.M("CVE ID")
	case Misc:
		return text.M("Other§observable")
	}
	return text.Literal(string(k))
}

var (
	domainForm = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	hostForm   = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`)
	hexForm    = regexp.MustCompile(`^[0-9a-f]+$`)
	cveForm    = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)
)

const longestValue = 2048

// refang undoes the usual ways of writing an address so that nobody clicks it.
var refang = strings.NewReplacer("[.]", ".", "(.)", ".", "[dot]", ".", "{.}", ".", "[:]", ":", "[at]", "@", "[@]", "@", "hxxp", "http", "hXXp", "http", "[://]", "://")

// Canonical checks a value of the type and puts it into the one form in which
// values are compared: addresses shortened, names and hashes in small letters.
// It takes defanged writing too.
func Canonical(k Kind, value string) (string, error) {
	v := strings.TrimSpace(value)
	if v == "" {
		return "", fault.Invalid(fault.F("value", "Enter a value"))
	}
	if len(v) > longestValue || strings.ContainsFunc(v, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", fault.Invalid(fault.F("value", "A value is one line of at most 2,048 bytes"))
	}
	switch k {
	case IP:
		a, err := netip.ParseAddr(refang.Replace(v))
		if err != nil {
			return "", fault.Invalid(fault.F("value", "This is no IP address"))
		}
		return a.Unmap().WithZone("").String(), nil
	case Net:
		p, err := netip.ParsePrefix(refang.Replace(v))
		if err != nil {
			return "", fault.Invalid(fault.F("value", "This is no network such as 192.0.2.0/24"))
		}
		return p.Masked().String(), nil
	case Domain:
		v = strings.TrimSuffix(strings.ToLower(refang.Replace(v)), ".")
		if !domainForm.MatchString(v) || len(v) > 253 {
			return "", fault.Invalid(fault.F("value", "This is no domain name"))
		}
		return v, nil
	case URL:
		u, err := url.Parse(refang.Replace(v))
		if err != nil || u.Host == "" || u.Scheme == "" {
			return "", fault.Invalid(fault.F("value", "This is no URL"))
		}
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		return u.String(), nil
	case Hash:
		v = strings.ToLower(v)
		if n := len(v); !hexForm.MatchString(v) || n != 32 && n != 40 && n != 64 && n != 128 {
			return "", fault.Invalid(fault.F("value", "A hash is MD5, SHA-1, SHA-256 or SHA-512 in hexadecimal"))
		}
		return v, nil
	case Mail:
		a, err := mail.ParseAddress(refang.Replace(v))
		if err != nil {
			return "", fault.Invalid(fault.F("value", "This is no mail address"))
		}
		return strings.ToLower(a.Address), nil
	case Host:
		if !hostForm.MatchString(v) {
			return "", fault.Invalid(fault.F("value", "This is no name of a computer"))
		}
		return strings.ToLower(v), nil
	case User:
		return strings.ToLower(v), nil
	case Vuln:
		if v = strings.ToUpper(v); !cveForm.MatchString(v) {
			return "", fault.Invalid(fault.F("value", "This is no CVE ID"))
		}
		return v, nil
	case File, Process, Key, Misc:
		return v, nil
	}
	return "", fault.Invalid(fault.F("type", "There is no such choice"))
}

// Guess is the type that a value most likely has, so that a list can be pasted.
func Guess(value string) Kind {
	for _, k := range []Kind{IP, Net, Vuln, Hash, URL, Mail} {
		if _, err := Canonical(k, value); err == nil {
			return k
		}
	}
	switch {
	case strings.ContainsAny(value, `\/`):
		switch up := strings.ToUpper(value); {
		case strings.HasPrefix(up, "HK"):
			return Key
		case strings.Count(value, `\`) == 1 && !strings.Contains(value, ":") && !strings.Contains(value, "."):
			return User
		}
		return File
	}
	if _, err := Canonical(Domain, value); err == nil {
		return Domain
	}
	return Misc
}

// Defang writes a value so that nothing makes a link of it and nobody opens it
// by mistake: hxxps://bad[.]example/x.
func Defang(k Kind, value string) string {
	switch k {
	case IP, Net:
		if i := strings.LastIndex(value, "."); i >= 0 {
			return value[:i] + "[.]" + value[i+1:]
		}
		if i := strings.LastIndex(value, ":"); i >= 0 {
			return value[:i] + "[:]" + value[i+1:]
		}
	case Domain:
		return dots(value)
	case Mail:
		name, domain, _ := strings.Cut(value, "@")
		return name + "[@]" + dots(domain)
	case URL:
		scheme, rest, ok := strings.Cut(value, "://")
		if !ok {
			return value
		}
		host, path, cut := strings.Cut(rest, "/")
		s := strings.Replace(scheme, "http", "hxxp", 1) + "://" + dots(host)
		if cut {
			s += "/" + path
		}
		return s
	}
	return value
}

func dots(s string) string {
	if i := strings.LastIndex(s, "."); i >= 0 {
		return s[:i] + "[.]" + s[i+1:]
	}
	return s
}
