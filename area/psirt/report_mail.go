package psirt

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Bounds of a mail that is imported.
const (
	LargestMail = 30 << 20
	mostParts   = 60
	deepest     = 8
)

// ReadMail makes a report of an e-mail (RFC 5322, MIME): its subject and first
// plain text, and every other part as a file, as it came. Encrypted mail
// (RFC 3156) stays one encrypted file. The arrival is now: the date that a mail
// says is its sender's, and a clock does not run by that.
func ReadMail(raw io.Reader, now time.Time) (Reporting, error) {
	limited := &io.LimitedReader{R: raw, N: LargestMail + 1}
	m, err := mail.ReadMessage(bufio.NewReader(limited))
	if err != nil {
		return Reporting{}, fault.Invalid(fault.F("mail", "This is not an e-mail: %s", text.Foreign(err.Error())))
	}
	r := Reporting{Channel: ByMail, Arrived: now, Lang: text.EN, Message: strings.TrimSpace(m.Header.Get("Message-ID"))}
	if len(r.Message) > 500 {
		r.Message = r.Message[:500]
	}
	words := mime.WordDecoder{CharsetReader: charset}
	decode := func(name string) string {
		s := m.Header.Get(name)
		if plain, err := words.DecodeHeader(s); err == nil {
			return plain
		}
		return s
	}
	if r.Title = strings.ToValidUTF8(decode("Subject"), "�"); strings.TrimSpace(r.Title) == "" {
		r.Title = "(no subject)"
	}
	if t := []rune(r.Title); len(t) > longestTitle {
		r.Title = string(t[:longestTitle])
	}
	if from, err := (&mail.AddressParser{WordDecoder: &words}).Parse(m.Header.Get("From")); err == nil {
		r.Finder = Finder{Name: from.Name, Contact: from.Address}
	} else {
		r.Finder.Contact = strings.ToValidUTF8(decode("From"), "�")
	}
	p := parts{words: &words}
	if err := p.read("1", m.Header.Get, m.Body, 0); err != nil {
		return Reporting{}, err
	}
	if limited.N <= 0 {
		return Reporting{}, fault.Invalid(fault.F("mail", "An e-mail may have at most %d MB", LargestMail>>20))
	}
	r.Description, r.Files = strings.TrimSpace(p.text), p.files
	if r.Description == "" {
		r.Description = "(no text: see the files)"
	}
	if d := []rune(r.Description); len(d) > longestText { // the whole of it is kept as a file
		r.Files = append([]Upload{{"text.txt", "text/plain", strings.NewReader(r.Description)}}, r.Files...)
		r.Description = string(d[:longestText])
	}
	if strings.ContainsFunc(r.Title+r.Description, func(c rune) bool { return c >= 0x3040 && c <= 0x30ff }) {
		r.Lang = text.JA
	}
	if len(r.Files) > MostFiles {
		return Reporting{}, fault.Invalid(fault.F("mail", "A mail with more than %d files can't be imported: save them by themselves", MostFiles))
	}
	return r, nil
}

// parts gathers the parts of a mail.
type parts struct {
	words *mime.WordDecoder
	text  string
	files []Upload
	n     int
}

func (p *parts) read(place string, header func(string) string, body io.Reader, depth int) error {
	bad := func(err error) error {
		return fault.Invalid(fault.F("mail", "Part %s of the mail can't be read: %s", place, text.Foreign(err.Error())))
	}
	if p.n++; p.n > mostParts || depth > deepest {
		return bad(errors.New("there are too many parts in it"))
	}
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		kind, params = "text/plain", nil
	}
	if strings.HasPrefix(kind, "multipart/") && kind != "multipart/encrypted" && params["boundary"] != "" {
		mr := multipart.NewReader(body, params["boundary"])
		for i := 1; ; i++ {
			part, err := mr.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return bad(err)
			}
			if err := p.read(fmt.Sprintf("%s.%d", place, i), part.Header.Get, part, depth+1); err != nil {
				return err
			}
		}
	}
	var from io.Reader
	switch strings.ToLower(strings.TrimSpace(header("Content-Transfer-Encoding"))) {
	case "base64":
		from = base64.NewDecoder(base64.StdEncoding, &lines{bufio.NewReader(body)})
	case "quoted-printable":
		from = quotedprintable.NewReader(body)
	default:
		from = body
	}
	content, err := io.ReadAll(io.LimitReader(from, LargestFile+1))
	if err != nil {
		return bad(err)
	}
	if len(content) > LargestFile {
		return fault.Invalid(fault.F("mail", "Part %s of the mail is larger than %d MB", place, LargestFile>>20))
	}
	disposition, more, _ := mime.ParseMediaType(header("Content-Disposition"))
	name := more["filename"]
	if name == "" {
		name = params["name"]
	}
	if plain, err := p.words.DecodeHeader(name); err == nil {
		name = plain
	}
	if kind == "text/plain" && disposition != "attachment" && p.text == "" {
		p.text = plainText(content, params["charset"])
		return nil
	}
	if len(content) == 0 {
		return nil
	}
	if name == "" {
		name = map[string]string{"text/html": "mail.html", "text/plain": "text.txt", "message/rfc822": "mail.eml", "multipart/encrypted": "encrypted.mime",
			"application/pgp-encrypted": "version.asc"}[kind]
	}
	if kind == "application/pgp-signature" && name == "" {
		name = "signature.asc"
	}
	p.files = append(p.files, Upload{name, kind, bytes.NewReader(content)})
	return nil
}

// lines leaves out the blanks and ends of lines that a base64 text has.
type lines struct{ from *bufio.Reader }

func (l *lines) Read(b []byte) (n int, err error) {
	for n < len(b) {
		c, err := l.from.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if c > ' ' {
			b[n] = c
			n++
		}
	}
	return n, nil
}

func charset(name string, from io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(from), nil
}

// plainText is a text in UTF-8. What can't be read in its own character set is shown as
// it is, with marks where it is none.
func plainText(b []byte, set string) string {
	s := string(b)
	if e, err := htmlindex.Get(set); err == nil && set != "" {
		if plain, err := e.NewDecoder().String(s); err == nil {
			s = plain
		}
	}
	return strings.ReplaceAll(strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "�"), "\x00", "�")
}
