package ssvc

import (
	"fmt"
	"slices"
	"strings"
)

// Priority is how soon a supplier should have a fix.
type Priority string

// The priorities, the least urgent first.
const (
	Defer      Priority = "defer"
	Scheduled  Priority = "scheduled"
	OutOfCycle Priority = "out-of-cycle"
	Immediate  Priority = "immediate"
)

// The four questions of the supplier's tree with their answers, the least urgent
// first.
var (
	Exploitation = []string{"none", "poc", "active"}
	Utility      = []string{"laborious", "efficient", "super effective"}
	Technical    = []string{"partial", "total"}
	Safety       = []string{"minimal", "significant"}
)

// tree has a letter for each combination, the last question varying fastest.
const tree = "dsso" + "soso" + "sooo" + // none
	"sosi" + "sioi" + "oioi" + // poc
	"oioi" + "oioi" + "iiii" // active

// Supplier is the priority that SSVC's supplier tree gives.
func Supplier(exploitation, utility, technical, safety string) (Priority, error) {
	at := 0
	for _, q := range []struct {
		name, answer string
		answers      []string
	}{{"exploitation", exploitation, Exploitation}, {"utility", utility, Utility}, {"technical impact", technical, Technical}, {"public safety impact", safety, Safety}} {
		i := slices.Index(q.answers, strings.ToLower(q.answer))
		if i < 0 {
			return "", fmt.Errorf("ssvc: %s is %s, not %q", q.name, strings.Join(q.answers, ", "), q.answer)
		}
		at = at*len(q.answers) + i
	}
	return map[byte]Priority{'d': Defer, 's': Scheduled, 'o': OutOfCycle, 'i': Immediate}[tree[at]], nil
}
