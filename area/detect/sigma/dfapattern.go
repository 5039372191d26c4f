package sigma

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// pattern is an expression as a dfa reads it: places, and the characters in
// classes that no place tells apart. It does not change and may be shared.
type pattern struct {
	inst     []patInst
	start    uint32
	asks     uint8 // all conditions that places have
	anchored bool  // a match begins where the text does
	ascii    [utf8.RuneSelf]uint8
	cuts     []rune  // where the class changes, ascending
	cutClass []uint8 // class from that cut on
	classes  int
	word     []bool // per class: letters, digits and _, as far as a place asks
	line     []bool // per class: the end of a line, as far as a place asks
}

type instKind uint8

const (
	instFail instKind = iota
	instMatch
	instSplit // on to out and to arg
	instGo    // on to out
	instIf    // on to out where the conditions in arg hold
	instChar  // reads a character of the set
)

type patInst struct {
	kind     instKind
	out, arg uint32
	set      [4]uint64 // classes
}

const (
	condBeginLine  = uint8(syntax.EmptyBeginLine)
	condEndLine    = uint8(syntax.EmptyEndLine)
	condBeginText  = uint8(syntax.EmptyBeginText)
	condEndText    = uint8(syntax.EmptyEndText)
	condBoundary   = uint8(syntax.EmptyWordBoundary)
	condNoBoundary = uint8(syntax.EmptyNoWordBoundary)
)

// Bounds of what is made a pattern; larger expressions stay with the general
// matcher.
const (
	maxPlaces = 1500
	maxCuts   = 2000
)

// newPattern reads an expression as Go's regexp does. nil: it is too large.
func newPattern(expr string) *pattern {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil || len(prog.Inst) > maxPlaces {
		return nil
	}
	p := &pattern{inst: make([]patInst, len(prog.Inst)), start: uint32(prog.Start),
		anchored: prog.StartCond()&syntax.EmptyBeginText != 0}
	ranges := make([][]rune, len(prog.Inst))
	asks := uint8(0)
	cuts := []rune{0}
	for i := range prog.Inst {
		in := &prog.Inst[i]
		to := &p.inst[i]
		to.out, to.arg = in.Out, in.Arg
		switch in.Op {
		case syntax.InstMatch:
			to.kind = instMatch
		case syntax.InstAlt, syntax.InstAltMatch:
			to.kind = instSplit
		case syntax.InstCapture, syntax.InstNop:
			to.kind = instGo
		case syntax.InstEmptyWidth:
			to.kind = instIf
			asks |= uint8(in.Arg)
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			to.kind = instChar
			ranges[i] = charRanges(in)
			for j := 0; j+1 < len(ranges[i]); j += 2 {
				cuts = append(cuts, ranges[i][j], ranges[i][j+1]+1)
			}
		}
	}
	p.asks = asks
	byWord := asks&(condBoundary|condNoBoundary) != 0
	byLine := asks&(condBeginLine|condEndLine) != 0
	if byWord {
		cuts = append(cuts, '0', '9'+1, 'A', 'Z'+1, '_', '_'+1, 'a', 'z'+1)
	}
	if byLine {
		cuts = append(cuts, '\n', '\n'+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	if len(cuts) > maxCuts {
		return nil
	}
	return p.classify(cuts, ranges, byWord, byLine)
}

// classify gives the stretches between cuts classes and the places their sets.
func (p *pattern) classify(cuts []rune, ranges [][]rune, byWord, byLine bool) *pattern {
	// Places that read the same characters are told apart by nothing.
	var kinds [][]rune
	kindOf := make([]int, len(ranges))
	byText := map[string]int{}
	for i, r := range ranges {
		if p.inst[i].kind != instChar {
			continue
		}
		var text []byte
		for _, c := range r {
			text = binary.LittleEndian.AppendUint32(text, uint32(c))
		}
		k, ok := byText[string(text)]
		if !ok {
			k = len(kinds)
			byText[string(text)] = k
			kinds = append(kinds, r)
		}
		kindOf[i] = k
	}
	if len(cuts)*len(kinds) > 400_000 {
		return nil
	}
	sets := make([][4]uint64, len(kinds))
	ids := map[string]uint8{}
	sign := make([]byte, len(kinds)+2)
	for _, c := range cuts {
		for k, r := range kinds {
			sign[k] = '0'
			if inRanges(r, c) {
				sign[k] = '1'
			}
		}
		word, line := byWord && syntax.IsWordChar(c), byLine && c == '\n'
		sign[len(kinds)], sign[len(kinds)+1] = '0', '0'
		if word {
			sign[len(kinds)] = '1'
		}
		if line {
			sign[len(kinds)+1] = '1'
		}
		id, ok := ids[string(sign)]
		if !ok {
			if p.classes == 255 {
				return nil
			}
			id = uint8(p.classes)
			p.classes++
			ids[string(sign)] = id
			p.word, p.line = append(p.word, word), append(p.line, line)
			for k := range kinds {
				if sign[k] == '1' {
					sets[k][id>>6] |= 1 << (id & 63)
				}
			}
		}
		p.cuts, p.cutClass = append(p.cuts, c), append(p.cutClass, id)
	}
	for i := range p.inst {
		if p.inst[i].kind == instChar {
			p.inst[i].set = sets[kindOf[i]]
		}
	}
	for c := range p.ascii {
		p.ascii[c] = p.classOf(rune(c))
	}
	return p
}

func (p *pattern) classOf(r rune) uint8 {
	i := sort.Search(len(p.cuts), func(i int) bool { return p.cuts[i] > r })
	return p.cutClass[i-1]
}

// charRanges are the characters that an instruction reads, as pairs of first
// and last.
func charRanges(in *syntax.Inst) []rune {
	switch in.Op {
	case syntax.InstRuneAny:
		return []rune{0, unicode.MaxRune}
	case syntax.InstRuneAnyNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
	}
	if len(in.Rune) > 1 {
		return in.Rune
	}
	if len(in.Rune) == 0 {
		return nil
	}
	r := in.Rune[0]
	out := []rune{r, r}
	if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			out = append(out, f, f)
		}
	}
	return out
}

func inRanges(r []rune, c rune) bool {
	for i := 0; i+1 < len(r); i += 2 {
		if r[i] <= c && c <= r[i+1] {
			return true
		}
	}
	return false
}
