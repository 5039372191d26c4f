package pdf

import (
	"strings"
	"unicode"

	"yagura/area/cmmc/paper/block"
)

// mark is a character with its glyph.
type mark struct {
	r     rune
	font  *font
	glyph int // of the subset
	width float64
	look  look
}

// look is what differs between characters of one line.
type look struct {
	size   float64
	colour string
	fake   bool // bold by a stroke, where no bold font has the character
}

// line is one line of marks.
type line []mark

func (l line) width() (w float64) {
	for _, m := range l {
		w += m.width
	}
	return w
}

// marks turns text into glyphs.
func (p *printer) marks(words string, bold bool, l look) (list []mark) {
	for _, r := range block.Clean(words) {
		if r == '\n' {
			list = append(list, mark{r: r, look: l})
			continue
		}
		if unseen(r) {
			continue
		}
		if r == '\u00a0' || r == '\u2007' || r == '\u202f' {
			list = append(list, p.mark(' ', bold, l))
			list[len(list)-1].r = '\u00a0' // no line ends here
			continue
		}
		list = append(list, p.mark(r, bold, l))
	}
	return list
}

// unseen are characters without a picture: joiners, selectors of variants, marks of
// direction.
func unseen(r rune) bool {
	return r == 0xad || r >= 0x200b && r <= 0x200f || r == 0x2060 || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef
}

func (p *printer) mark(r rune, bold bool, l look) mark {
	fonts := p.regular
	if bold {
		fonts = p.bold
	}
	for _, f := range fonts {
		if g, ok := f.face.Glyph(r); ok {
			return mark{r, f, f.use(g, r), float64(f.face.Width(g)) * l.size / 1000, l}
		}
	}
	if bold {
		l.fake = true
		return p.mark(r, false, l)
	}
	p.missing[r] = true
	return mark{r: r, font: p.regular[0], width: l.size, look: l}
}

// Characters that don't begin, or don't end, a line (JIS X 4051).
const (
	notFirst = "、。，．・：；？！゛゜ヽヾゝゞ々ー’”）〕］｝〉》」』】〙〗〟｠»‐–〜～ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ…‥,.:;?!)]}%％℃°"
	notLast  = "‘“（〔［｛〈《「『【〘〖〝｟«([{￥＄£$#＃№"
)

func wide(r rune) bool {
	return r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7af || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe4f || r >= 0xff00 && r <= 0xffef || r >= 0x20000 && r <= 0x3ffff
}

// breaks tells whether a line may end between two characters.
func breaks(a, b rune) bool {
	switch {
	case b == ' ' || a == '\u00a0' || b == '\u00a0':
		return false
	case a == ' ':
		return true
	case strings.ContainsRune(notLast, a), strings.ContainsRune(notFirst, b):
		return false
	case wide(a), wide(b):
		return true
	case a == '-' || a == '/':
		return unicode.IsLetter(b)
	}
	return false
}

// wrap breaks marks into lines of a width. What has no place to break is broken
// where it must be.
func wrap(list []mark, width float64) (lines []line) {
	begin, best, used := 0, -1, 0.0
	flush := func(end, next int) {
		l := line(list[begin:end])
		for len(l) > 0 && l[len(l)-1].r == ' ' {
			l = l[:len(l)-1]
		}
		lines = append(lines, l)
		begin, best, used = next, -1, 0
	}
	for i := 0; i < len(list); i++ {
		m := list[i]
		if m.r == '\n' {
			flush(i, i+1)
			continue
		}
		if i > begin && breaks(list[i-1].r, m.r) {
			best = i
		}
		if used+m.width > width+0.01 && i > begin && m.r != ' ' {
			if best <= begin {
				best = i
			}
			flush(best, best)
			i = begin - 1
			continue
		}
		used += m.width
	}
	flush(len(list), len(list))
	return lines
}
