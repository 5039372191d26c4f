package sigma

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// grams finds many literals in a text by a few bytes of each. Of every literal
// some stretches of size bytes are noted, one for each way in which it can lie
// under a grid of places stride bytes apart; only at these places the text is
// looked at, by a bit each, and where the bit is set the literals that have the
// stretch are compared. Nothing depends on what was found before, so that the
// processor looks at many places at once; an automaton would wait for its table
// at every byte.
type grams struct {
	size   int // 2 or 4
	stride int
	or     uint32 // makes capitals small where the text is not folded
	shift  uint
	bits   []uint64
	mask   uint32
	slots  []gramSlot
	at     []gramAt
}

type gramSlot struct {
	gram     uint32
	from, to int32 // in at; to 0: nothing here
}

type gramAt struct {
	lit int32
	off int32 // of the stretch in the literal
}

const gramMul = 0x9E3779B1

// stretch is a choice of grams for one literal.
type stretch struct {
	lit  int32
	text string
}

// newGrams notes literals of at least size+stride-1 bytes.
func newGrams(lits []stretch, size, stride int, or uint32) *grams {
	g := &grams{size: size, stride: stride, or: or}
	// Stretches that few literals and few values have are the best.
	wide := 10
	for wide < 14 && 1<<wide < 8*len(lits) {
		wide++
	}
	crowd := make([]uint32, 1<<wide)
	at := func(s string, i int) uint32 {
		if size == 2 {
			return uint32(s[i]) | uint32(s[i+1])<<8 | or
		}
		return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24 | or
	}
	for _, l := range lits {
		for i := 0; i+size <= len(l.text); i++ {
			crowd[at(l.text, i)*gramMul>>(32-wide)]++
		}
	}
	common := commonGrams()
	type entry struct {
		gram uint32
		gramAt
	}
	entries := make([]entry, 0, len(lits)*stride)
	for _, l := range lits {
		best, from := ^uint32(0), 0
		for i := 0; i+stride-1+size <= len(l.text); i++ {
			score := uint32(0)
			for k := range stride {
				x := at(l.text, i+k)
				score += min(crowd[x*gramMul>>(32-wide)], 500)
				if h := x * gramMul >> 16; size == 4 && common[h>>3]>>(h&7)&1 == 1 {
					score += 1000
				}
			}
			if score < best {
				best, from = score, i
			}
		}
		for k := range stride {
			entries = append(entries, entry{at(l.text, from+k), gramAt{l.lit, int32(from + k)}})
		}
	}
	slots := 16
	for slots < 2*len(entries) {
		slots *= 2
	}
	bits := min(max(slots*32, 4096), 1<<18)
	g.bits, g.shift = make([]uint64, bits/64), 32
	for b := bits; b > 1; b >>= 1 {
		g.shift--
	}
	g.slots, g.mask = make([]gramSlot, slots), uint32(slots-1)
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.gram, b.gram), cmp.Compare(a.lit, b.lit), cmp.Compare(a.off, b.off))
	})
	g.at = append(make([]gramAt, 0, len(entries)+1), gramAt{}) // positions begin at 1: to 0 is an empty slot
	for i, e := range entries {
		if i == 0 || e.gram != entries[i-1].gram {
			h := e.gram * gramMul >> (g.shift & 31)
			g.bits[h>>6] |= 1 << (h & 63)
			*g.slot(e.gram) = gramSlot{e.gram, int32(len(g.at)), int32(len(g.at))}
		}
		g.at = append(g.at, e.gramAt)
		g.slot(e.gram).to = int32(len(g.at))
	}
	return g
}

func (g *grams) slot(x uint32) *gramSlot {
	for i := (x * gramMul >> 7) & g.mask; ; i = (i + 1) & g.mask {
		if s := &g.slots[i]; s.to == 0 || s.gram == x {
			return s
		}
	}
}

// near returns the literals that have a stretch.
func (g *grams) near(x uint32) []gramAt {
	for i := (x * gramMul >> 7) & g.mask; ; i = (i + 1) & g.mask {
		s := &g.slots[i]
		if s.to == 0 {
			return nil
		}
		if s.gram == x {
			return g.at[s.from:s.to]
		}
	}
}

// next returns the first place from i on, on the grid, at which a literal may
// have a stretch, with the stretch; -1 where there is none.
func (g *grams) next(v []byte, i int) (int, uint32) {
	bits, shift, or, stride := g.bits, g.shift&31, g.or, g.stride
	if g.size == 2 {
		for ; i+2 <= len(v); i += stride {
			x := uint32(binary.LittleEndian.Uint16(v[i:])) | or
			h := x * gramMul >> shift
			if bits[h>>6]>>(h&63)&1 != 0 {
				return i, x
			}
		}
		return -1, 0
	}
	for ; i+4 <= len(v); i += stride {
		x := binary.LittleEndian.Uint32(v[i:]) | or
		h := x * gramMul >> shift
		if bits[h>>6]>>(h&63)&1 != 0 {
			return i, x
		}
	}
	return -1, 0
}

// commonest are texts that stand in very many values.
var commonest = []string{`c:\windows\system32\`, `\windows\syswow64\`, `c:\program files (x86)\`, `c:\program files\`, `c:\programdata\`,
	`c:\users\`, `\appdata\local\temp\`, `\appdata\roaming\microsoft\`, `\microsoft\windows\currentversion\`, `hklm\system\currentcontrolset\services\`,
	`hklm\software\microsoft\windows nt\currentversion\`, `\microsoft.net\framework64\v4.0.30319`, `windowspowershell\v1.0\powershell.exe`,
	`microsoft corporation`, `nt authority\system`, `c:\windows\winsxs\`, `https://`, `system.management.automation`, `0xffffffff -forcev1`,
	`\conhost.exe `, `\svchost.exe -k `, `\cmd.exe /c `, `local service`, `network service`, `\explorer.exe`, `microsoft® windows® operating system`}

// commonGrams are the stretches of the commonest texts, as bits of a table.
var commonGrams = sync.OnceValue(func() *[1 << 13]uint8 {
	out := &[1 << 13]uint8{}
	for _, c := range commonest {
		for i := 0; i+4 <= len(c); i++ {
			h := binary.LittleEndian.Uint32([]byte(c[i:])) * gramMul >> 16
			out[h>>3] |= 1 << (h & 7)
		}
	}
	return out
})
