package typeface

import (
	"os"
	"strconv"
	"strings"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// pairs are where systems keep fonts with Japanese: regular and bold, the best
// first. A system has one of them at most.
var pairs = [][2]string{
	{"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"},                           // Debian, Ubuntu
	{"/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc", "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Bold.ttc"}, // Fedora, RHEL 10
	{"/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Bold.ttc"},                       // RHEL 9
	{"/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc"},                                     // Arch
	{"/usr/share/fonts/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/noto/NotoSansCJK-Bold.ttc"},                                             // Alpine
	{"/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf", ""},                                                                               // Debian
	{"/usr/share/fonts/opentype/ipafont-gothic/ipagp.ttf", ""},                                                                                  // Debian
	{"/usr/share/fonts/ipa-gothic/ipag.ttf", ""},                                                                                                // RHEL
	{"/System/Library/Fonts/ヒラギノ角ゴシック W3.ttc", "/System/Library/Fonts/ヒラギノ角ゴシック W6.ttc"},                                                        // macOS
	{`C:\Windows\Fonts\YuGothM.ttc`, `C:\Windows\Fonts\YuGothB.ttc`},                                                                            // Windows
	{`C:\Windows\Fonts\meiryo.ttc`, `C:\Windows\Fonts\meiryob.ttc`},
	{`C:\Windows\Fonts\msgothic.ttc`, ""},
}

// maxFont is more than any font has.
const maxFont = 128 << 20

// Family are the fonts of a document: for a character the first that has it is
// taken. Bold may be empty.
type Family struct{ Regular, Bold []*Face }

// Find opens the fonts of a document: the named ones, then what the system has, for
// characters that these lack. A name may end in #N, the number of a face within a
// collection.
func Find(regular, bold []string) (Family, error) {
	var f Family
	open := func(into *[]*Face, names []string) error {
		for _, name := range names {
			face, err := Open(name)
			if err != nil {
				return err
			}
			*into = append(*into, face)
		}
		return nil
	}
	if err := open(&f.Regular, regular); err != nil {
		return f, err
	}
	if err := open(&f.Bold, bold); err != nil {
		return f, err
	}
	for _, p := range pairs {
		if _, err := os.Stat(p[0]); err != nil {
			continue
		}
		face, err := Open(p[0])
		if err != nil {
			continue // another one may do
		}
		f.Regular = append(f.Regular, face)
		if p[1] != "" && len(regular) == 0 { // two families would not go together
			if face, err := Open(p[1]); err == nil {
				f.Bold = append(f.Bold, face)
			}
		}
		break
	}
	if len(f.Regular) == 0 {
		var looked []string
		for _, p := range pairs {
			looked = append(looked, p[0])
		}
		return f, fault.Invalidf("no font with Japanese was found: install one (on Debian the package %s) or name one with --font; looked for %s", "fonts-noto-cjk", strings.Join(looked, ", "))
	}
	return f, nil
}

// Open reads a font of a file.
func Open(name string) (*Face, error) {
	index := -1
	if file, n, ok := strings.Cut(name, "#"); ok {
		if i, err := strconv.Atoi(n); err == nil && i >= 0 {
			name, index = file, i
		}
	}
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxFont {
		return nil, fault.Invalidf("%s is larger than %d MiB", name, maxFont>>20)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.Invalidf("the font can't be read: %s", text.Foreign(err.Error()))
	}
	return Parse(name, data, index)
}
