package oscal

import (
	"math/big"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The data types of OSCAL, by the names that model.txt uses.
var (
	stringForm = regexp.MustCompile(`^\S(.*\S)?$`)
	tokenForm  = regexp.MustCompile(`^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$`)
	uuidForm   = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$`)
	uriForm    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+\-.]+:.+$`)
	base64Form = regexp.MustCompile(`^[0-9A-Za-z+/]+={0,2}$`)
	timeForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
	dateForm   = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?$`)
	zoneForm   = regexp.MustCompile(`(Z|-((0[0-9]|1[0-2]):00|0[39]:30)|\+((0[0-9]|1[0-4]):00|(0[34569]|10):30|(0[58]|12):45))$`)
)

var forms = map[string]func(string) bool{
	"text":   func(string) bool { return true },
	"string": stringForm.MatchString,
	"token":  tokenForm.MatchString,
	"uuid":   uuidForm.MatchString,
	"base64": base64Form.MatchString,
	"uri": func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && u.IsAbs() && uriForm.MatchString(s)
	},
	"uriref": func(s string) bool {
		_, err := url.Parse(s)
		return err == nil && !strings.Contains(s, `\`)
	},
	"email": func(s string) bool {
		a, err := mail.ParseAddress(s)
		return err == nil && a.Address == s && stringForm.MatchString(s)
	},
	"datetime": func(s string) bool {
		_, err := time.Parse(time.RFC3339Nano, s)
		return err == nil && timeForm.MatchString(s) && zoneForm.MatchString(s) && within(s)
	},
	"date": func(s string) bool {
		m := dateForm.FindStringSubmatch(s)
		if m == nil {
			return false
		}
		_, err := time.Parse(time.DateOnly, m[1])
		return err == nil && within(s) && (m[2] == "" || zoneForm.MatchString(s))
	},
}

// within is what the pattern of OSCAL's dates takes.
func within(s string) bool { return s >= "1900" && s < "3000" }

// whole tells whether a JSON number is a whole one of at least low; nil is no
// bound.
func whole(s string, low *big.Rat) bool {
	if len(s) > 40 {
		return false
	}
	r, ok := new(big.Rat).SetString(s)
	return ok && r.IsInt() && (low == nil || r.Cmp(low) >= 0)
}

var numbers = map[string]*big.Rat{"int": nil, "nonneg": new(big.Rat), "posint": big.NewRat(1, 1)}
