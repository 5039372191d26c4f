package cmmc

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"yagura/area/cmmc/catalog"
)

//go:embed signals.json
var signalsJSON []byte

// Signal is something the product measures while it works and that bears on
// objectives.
type Signal struct {
	Name       string
	Area       string
	Measures   catalog.Label
	When       catalog.Label // what counts as passing
	FreshDays  int
	Objectives []int
}

var (
	signals   []Signal
	signalsBy = map[string]int{}
	// signalsOf are the names of the signals that bear on an objective.
	signalsOf [catalog.Objectives][]string
)

func init() {
	if err := loadSignals(); err != nil {
		panic("cmmc signals: " + err.Error())
	}
}

func loadSignals() error {
	var file struct {
		Signals []struct {
			Signal     string   `json:"signal"`
			Area       string   `json:"area"`
			Measures   string   `json:"measures"`
			MeasuresJA string   `json:"measures_ja"`
			When       string   `json:"satisfied_when"`
			WhenJA     string   `json:"satisfied_when_ja"`
			Fresh      int      `json:"fresh_days"`
			Objectives []string `json:"objectives"`
		} `json:"signals"`
	}
	if err := json.Unmarshal(signalsJSON, &file); err != nil {
		return err
	}
	for _, s := range file.Signals {
		sig := Signal{Name: s.Signal, Area: s.Area, Measures: catalog.Label{EN: s.Measures, JA: s.MeasuresJA}, When: catalog.Label{EN: s.When, JA: s.WhenJA}, FreshDays: s.Fresh}
		for _, name := range s.Objectives {
			i, ok := catalog.Index(name)
			if !ok {
				return fmt.Errorf("%s: there is no objective %s", s.Signal, name)
			}
			sig.Objectives = append(sig.Objectives, i)
			signalsOf[i] = append(signalsOf[i], s.Signal)
		}
		if _, twice := signalsBy[sig.Name]; twice || sig.FreshDays < 1 {
			return fmt.Errorf("%s stands twice, or is never fresh", sig.Name)
		}
		signalsBy[sig.Name] = len(signals)
		signals = append(signals, sig)
	}
	signalsBy[remote] = len(signals) // bears on no objective, but on what 3.5.3 costs
	signals = append(signals, Signal{Name: remote, Area: "MFA", FreshDays: 1,
		Measures: catalog.Label{EN: "share of people who signed in from outside and whose last such sign-in used several factors", JA: "社外からサインインした人のうち、直近のサインインで多要素認証を使った人の割合"},
		When:     catalog.Label{EN: "==1.0", JA: "100%"}})
	return nil
}

// Signals are all signals, in the order of the map.
func Signals() []Signal { return signals }

// FindSignal is the signal of a name.
func FindSignal(name string) (Signal, bool) {
	i, ok := signalsBy[name]
	if !ok {
		return Signal{}, false
	}
	return signals[i], true
}
