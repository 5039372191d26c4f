package attack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Name is a technique or a tactic as a STIX bundle names it.
type Name struct {
	ID      string   `json:"id"` // "T1059.001" or "TA0002"
	Domain  Domain   `json:"domain"`
	Name    string   `json:"name"`
	Tactics []string `json:"tactics"` // slugs, for techniques
}

const (
	maxBundle  = 256 << 20
	maxNames   = 20_000
	longestSay = 200
)

var idForm = regexp.MustCompile(`^(T\d{4}(\.\d{3})?|TA\d{4})$`)

// ErrNoBundle says that a file is no STIX bundle.
var ErrNoBundle = errors.New("this is no STIX bundle with techniques of ATT&CK")

type object struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Revoked    bool   `json:"revoked"`
	Deprecated bool   `json:"x_mitre_deprecated"`
	ShortName  string `json:"x_mitre_shortname"`
	References []struct {
		Source string `json:"source_name"`
		ID     string `json:"external_id"`
	} `json:"external_references"`
	Phases []struct {
		Chain string `json:"kill_chain_name"`
		Phase string `json:"phase_name"`
	} `json:"kill_chain_phases"`
}

// Read takes the names of techniques and tactics out of a STIX 2 bundle. It
// holds one object at a time, however large the bundle is. Revoked and
// deprecated objects are left out.
func Read(r io.Reader) ([]Name, error) {
	limited := &io.LimitedReader{R: r, N: maxBundle + 1}
	d := json.NewDecoder(limited)
	if err := open(d, '{'); err != nil {
		return nil, ErrNoBundle
	}
	var out []Name
	bundle := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, broken(err)
		}
		switch key {
		case "type":
			var kind string
			if err := d.Decode(&kind); err != nil || kind != "bundle" {
				return nil, ErrNoBundle
			}
			bundle = true
		case "objects":
			if err := open(d, '['); err != nil {
				return nil, ErrNoBundle
			}
			for d.More() {
				var o object
				if err := d.Decode(&o); err != nil {
					var wrong *json.UnmarshalTypeError
					if errors.As(err, &wrong) {
						continue // an object of another shape is none of those looked for
					}
					return nil, broken(err)
				}
				if n, ok := o.entry(); ok {
					out = append(out, n)
				}
				if len(out) > maxNames {
					return nil, fmt.Errorf("the bundle names more than %d techniques", maxNames)
				}
			}
			if _, err := d.Token(); err != nil {
				return nil, broken(err)
			}
		default:
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return nil, broken(err)
			}
		}
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("the bundle has more than %d bytes", maxBundle)
	}
	if _, err := d.Token(); err != nil {
		return nil, broken(err)
	}
	if !bundle || len(out) == 0 {
		return nil, ErrNoBundle
	}
	slices.SortStableFunc(out, func(a, b Name) int { return strings.Compare(string(a.Domain)+a.ID, string(b.Domain)+b.ID) })
	return slices.CompactFunc(out, func(a, b Name) bool { return a.ID == b.ID && a.Domain == b.Domain }), nil
}

func broken(err error) error { return fmt.Errorf("the bundle can't be read to its end: %w", err) }

func open(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == nil && t != want {
		err = ErrNoBundle
	}
	return err
}

func (o object) entry() (n Name, ok bool) {
	if o.Revoked || o.Deprecated || o.Type != "attack-pattern" && o.Type != "x-mitre-tactic" {
		return n, false
	}
	for _, x := range o.References {
		if x.Source != "mitre-attack" && x.Source != "mitre-ics-attack" || !idForm.MatchString(x.ID) {
			continue
		}
		n = Name{ID: x.ID, Name: clean(o.Name)}
		break
	}
	if n.ID == "" || n.Name == "" {
		return n, false
	}
	if o.Type == "x-mitre-tactic" {
		for _, d := range []Domain{Enterprise, ICS} {
			for _, t := range Tactics(d) {
				if t.ID == n.ID {
					n.Domain = d
					return n, true
				}
			}
		}
		return n, false // of a matrix that is not shown
	}
	for _, p := range o.Phases {
		switch p.Chain {
		case "mitre-attack":
			n.Domain = Enterprise
		case "mitre-ics-attack":
			n.Domain = ICS
		default:
			continue
		}
		n.Tactics = append(n.Tactics, clean(strings.TrimSuffix(p.Phase, "-ics")))
	}
	return n, n.Domain != ""
}

// clean is a name as it may stand on a page: of one line and not too long.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if r := []rune(s); len(r) > longestSay {
		s = string(r[:longestSay]) + "…"
	}
	return s
}
