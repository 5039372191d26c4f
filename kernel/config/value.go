package config

import (
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/text"
)

// value reads and shows one setting. read returns what is wrong, zero where
// nothing is; relative paths are of the folder given.
type value struct {
	read func(s, folder string) text.Message
	show func() string
	list bool // read takes items joined by list separators
	// table says that it may be a mapping: read takes items name=value.
	table bool
}

var fine text.Message

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

func single(p *string, check func(s string) text.Message) value {
	return value{
		read: func(s, _ string) text.Message {
			if wrong := check(s); !wrong.IsZero() {
				return wrong
			}
			*p = s
			return fine
		},
		show: func() string { return *p },
	}
}

func line(p *string) value {
	return single(p, func(s string) text.Message {
		if strings.ContainsAny(s, "\r\n\x00") {
			return text.M("must be one line")
		}
		return fine
	})
}

// address is host:port; with needed, it can't be empty.
func address(p *string, needed bool) value {
	return single(p, func(s string) text.Message {
		if s == "" && !needed {
			return fine
		}
		h, port, err := net.SplitHostPort(s)
		if err != nil {
			return text.M("%q is not an address with a port, such as 0.0.0.0:8420 or [::1]:8420", s)
		}
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return text.M("%q is not a port: a number from 0 to 65535 is expected", port)
		}
		if h != "" && !validHost(h) {
			return text.M("%q is neither an IP address nor a host name", h)
		}
		return fine
	})
}

func validHost(h string) bool {
	if _, err := netip.ParseAddr(h); err == nil {
		return true
	}
	if h == "" || len(h) > 253 {
		return false
	}
	digits := true
	for label := range strings.SplitSeq(strings.TrimSuffix(h, "."), ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, r := range label {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
				return false
			}
			digits = digits && r >= '0' && r <= '9'
		}
	}
	return !digits // 10.0.0.256 is a mistyped address, not a name
}

func host(p *string) value {
	return single(p, func(s string) text.Message {
		if s != "" && !validHost(s) {
			return text.M("%q is neither an IP address nor a host name", s)
		}
		return fine
	})
}

func webURL(p *string, schemes ...string) value {
	return value{
		read: func(s, _ string) text.Message {
			if s == "" {
				*p = ""
				return fine
			}
			u, err := url.Parse(s)
			if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) || !validHost(u.Hostname()) {
				return text.M("this is not a URL that begins with %s", strings.Join(schemes, ":// / ")+"://")
			}
			if u.User != nil {
				return text.M("a URL here must not hold a password")
			}
			if u.RawQuery != "" || u.Fragment != "" {
				return text.M("a URL here must end with its path")
			}
			*p = strings.TrimRight(s, "/")
			return fine
		},
		show: func() string { return *p },
	}
}

func isPostgres(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

func database(p *Secret) value {
	return value{
		read: func(s, _ string) text.Message {
			if s == "" {
				*p = Secret{}
				return fine
			}
			// The error of url.Parse would show the password.
			if u, err := url.Parse(s); err != nil || !isPostgres(s) || u.Host == "" {
				return text.M("this is not a URL of the form postgres://user:password@host/database")
			}
			*p = Secret{s}
			return fine
		},
		show: func() string {
			u, err := url.Parse(p.value)
			if err != nil || u.Host == "" {
				return p.String()
			}
			return u.Scheme + "://" + hidden + "@" + u.Host + u.Path
		},
	}
}

func hiddenText(p *Secret) value {
	return value{
		read: func(s, _ string) text.Message {
			if strings.ContainsAny(s, "\r\n\x00") {
				return text.M("must be one line")
			}
			*p = Secret{s}
			return fine
		},
		show: p.String,
	}
}

func bucket(p *string) value {
	return value{
		read: func(s, folder string) text.Message {
			u, err := url.Parse(s)
			switch {
			case s == "":
				*p = ""
			case err != nil:
				return text.M("this is not a URL that begins with %s", "file:// / s3://")
			case u.User != nil:
				return text.M("a URL here must not hold a password")
			case u.Scheme == "s3" && u.Host != "", u.Scheme == "file" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
				*p = s
			case u.Scheme == "":
				*p = "file://" + (&url.URL{Path: filepath.ToSlash(absolute(folder, s))}).EscapedPath()
			default:
				return text.M("this is not a URL that begins with %s", "file:/// / s3://")
			}
			return fine
		},
		show: func() string { return *p },
	}
}

func absolute(folder, s string) string {
	if !filepath.IsAbs(s) {
		s = filepath.Join(folder, s)
	}
	if abs, err := filepath.Abs(s); err == nil {
		return abs
	}
	return s
}

// path is a folder that the server makes where there is none.
func path(p *string) value {
	return value{
		read: func(s, folder string) text.Message {
			if s == "" {
				return text.M("the path of a folder is expected")
			}
			s = absolute(folder, s)
			if info, err := os.Stat(s); err == nil && !info.IsDir() {
				return text.M("%s is not a folder", s)
			}
			*p = s
			return fine
		},
		show: func() string { return *p },
	}
}

func file(p *string) value {
	return value{
		read: func(s, folder string) text.Message {
			if s == "" {
				*p = ""
				return fine
			}
			s = absolute(folder, s)
			f, err := os.Open(s)
			if err != nil {
				return unreadable(s, err)
			}
			defer f.Close()
			if info, err := f.Stat(); err != nil || info.IsDir() {
				return text.M("%s is not a file", s)
			}
			*p = s
			return fine
		},
		show: func() string { return *p },
	}
}

func unreadable(path string, err error) text.Message {
	if os.IsNotExist(err) {
		return text.M("there is no file %s", path)
	}
	return text.M("%s can't be read", path)
}

const separator = "\x1f"

func items(s string) (list []string) {
	for item := range strings.SplitSeq(s, separator) {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

func webURLs(p *[]string, most int) value {
	return value{list: true,
		read: func(s, folder string) text.Message {
			var all []string
			for _, item := range items(s) {
				var u string
				if wrong := webURL(&u, "http", "https").read(item, folder); !wrong.IsZero() {
					return wrong
				}
				if slices.Contains(all, u) {
					return text.M("%q stands here twice", u)
				}
				all = append(all, u)
			}
			if len(all) > most {
				return text.M("at most %d are possible here", most)
			}
			*p = all
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

func folders(p *[]string) value {
	return value{list: true,
		read: func(s, folder string) text.Message {
			var all []string
			for _, item := range items(s) {
				item = absolute(folder, item)
				if info, err := os.Stat(item); err != nil || !info.IsDir() {
					return text.M("there is no folder %s", item)
				}
				all = append(all, item)
			}
			*p = all
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

func files(p *[]string) value {
	return value{list: true,
		read: func(s, folder string) text.Message {
			var all []string
			for _, item := range items(s) {
				item = absolute(folder, item)
				if info, err := os.Stat(item); err != nil || info.IsDir() {
					return text.M("%s is not a file", item)
				}
				all = append(all, item)
			}
			*p = all
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

func blocks(p *[]string) value {
	return value{list: true,
		read: func(s, _ string) text.Message {
			var all []string
			for _, item := range items(s) {
				block, err := netip.ParsePrefix(item)
				if addr, bad := netip.ParseAddr(item); bad == nil {
					block, err = netip.PrefixFrom(addr, addr.BitLen()), nil
				}
				if err != nil {
					return text.M("%q is not an address block such as 10.0.0.0/8", item)
				}
				all = append(all, block.Masked().String())
			}
			*p = all
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

// domains are names of mail domains, compared as a whole: none stands for those below it.
func domains(p *[]string) value {
	return value{list: true,
		read: func(s, _ string) text.Message {
			var all []string
			for _, item := range items(s) {
				item = strings.ToLower(item)
				if _, err := netip.ParseAddr(item); err == nil || !validHost(item) || !strings.Contains(item, ".") || strings.HasSuffix(item, ".") {
					return text.M("%q is not a domain such as example.com", item)
				}
				all = append(all, item)
			}
			*p = all
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

func number(p *int, least, most int) value {
	return value{
		read: func(s, _ string) text.Message {
			n, err := strconv.Atoi(s)
			if err != nil || n < least || n > most {
				return text.M("%q is not a whole number from %d to %d", s, least, most)
			}
			*p = n
			return fine
		},
		show: func() string { return strconv.Itoa(*p) },
	}
}

func share(p *float64) value {
	return value{
		read: func(s, _ string) text.Message {
			f, err := strconv.ParseFloat(s, 64)
			if err != nil || !(f >= 0 && f <= 1) {
				return text.M("%q is not a number from 0 to 1", s)
			}
			*p = f
			return fine
		},
		show: func() string { return strconv.FormatFloat(*p, 'g', -1, 64) },
	}
}

func yesNo(p *bool) value {
	return value{
		read: func(s, _ string) text.Message {
			switch s {
			case "true":
				*p = true
			case "false":
				*p = false
			default:
				return text.M("%q is neither true nor false", s)
			}
			return fine
		},
		show: func() string { return strconv.FormatBool(*p) },
	}
}

func oneOf(p *string, choices ...string) value {
	return single(p, func(s string) text.Message {
		if !slices.Contains(choices, s) {
			return text.M("%q is none of: %s", s, strings.Join(choices, ", "))
		}
		return fine
	})
}

var model = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// models is a list of numbers of authenticators' models (AAGUID).
func models(p *[]string) value {
	return value{list: true,
		read: func(s, _ string) text.Message {
			list := items(strings.ToLower(s))
			for _, item := range list {
				if !model.MatchString(item) {
					return text.M("%q is no number of a model, such as 2fc0579f-8113-47ea-b116-bb5a8db9202a", item)
				}
			}
			*p = list
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

// choices is a list of one or more of a few words.
func choices(p *[]string, all ...string) value {
	return value{list: true,
		read: func(s, _ string) text.Message {
			list := items(s)
			if len(list) == 0 {
				return text.M("at least one is needed of: %s", strings.Join(all, ", "))
			}
			for _, item := range list {
				if !slices.Contains(all, item) {
					return text.M("%q is none of: %s", item, strings.Join(all, ", "))
				}
			}
			slices.Sort(list)
			*p = slices.Compact(list)
			return fine
		},
		show: func() string { return strings.Join(*p, ", ") },
	}
}

func level(p *slog.Level) value {
	return value{
		read: func(s, _ string) text.Message {
			levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
			l, ok := levels[s]
			if !ok {
				return text.M("%q is none of: %s", s, "debug, info, warn, error")
			}
			*p = l
			return fine
		},
		show: func() string { return strings.ToLower(p.String()) },
	}
}

func language(p *text.Lang) value {
	return value{
		read: func(s, _ string) text.Message {
			lang, ok := text.Parse(s)
			if !ok {
				return text.M("%q is none of: %s", s, "en, ja")
			}
			*p = lang
			return fine
		},
		show: func() string { return string(*p) },
	}
}

func zone(p *string) value {
	return single(p, func(s string) text.Message {
		if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
			return text.M("%q is not the name of a time zone, such as Asia/Tokyo", s)
		}
		return fine
	})
}

func sender(p *string) value {
	return single(p, func(s string) text.Message {
		if s == "" {
			return fine
		}
		if _, err := mail.ParseAddress(s); err != nil {
			return text.M("%q is not a mail address", s)
		}
		return fine
	})
}
