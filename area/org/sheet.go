package org

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Wrong is a complaint about one place of a file.
type Wrong struct {
	Line    int          `json:"line"`
	Column  string       `json:"column"` // its heading; empty: the whole line
	Message text.Message `json:"message"`
}

// sheet is a file of comma-separated values (RFC 4180) with a heading line.
type sheet struct {
	encoding string // "UTF-8" or "Shift_JIS"
	at       map[string]int
	rows     []sheetRow
}

type sheetRow struct {
	line  int
	cells []string
}

// get is the cell under a heading and whether the file has that column.
func (s *sheet) get(r sheetRow, column string) (string, bool) {
	i, ok := s.at[column]
	if !ok {
		return "", false
	}
	return unguard(plain(r.cells[i])), true
}

// Cells that a spreadsheet would run as a formula are exported with an
// apostrophe before them, and so are those that begin with one; importing takes
// it off again.
const formula = "=+-@\t\r|%'"

func guard(s string) string {
	if s != "" && strings.ContainsRune(formula, rune(s[0])) {
		return "'" + s
	}
	return s
}

func unguard(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune(formula, rune(s[1])) {
		return s[1:]
	}
	return s
}

const (
	maxFile = 64 << 20
	maxRows = 250_000
)

// decode makes UTF-8 of a file in UTF-8, with or without a byte order mark, or
// Shift_JIS as Japanese Excel writes it.
func decode(file []byte) ([]byte, string, error) {
	if len(file) > maxFile {
		return nil, "", fault.Invalid(fault.F("file", "The file is larger than %d MiB", maxFile>>20))
	}
	if bytes.HasPrefix(file, []byte("\xff\xfe")) || bytes.HasPrefix(file, []byte("\xfe\xff")) || bytes.HasPrefix(file, []byte("PK\x03\x04")) {
		return nil, "", fault.Invalid(fault.F("file", "Save the file as CSV in UTF-8 or Shift_JIS; this is something else"))
	}
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if utf8.Valid(file) {
		return file, "UTF-8", nil
	}
	out, err := japanese.ShiftJIS.NewDecoder().Bytes(file)
	if i := bytes.IndexRune(out, utf8.RuneError); err != nil || i >= 0 {
		line := 1
		if i >= 0 {
			line += bytes.Count(out[:i], []byte("\n"))
		}
		return nil, "", fault.Invalid(fault.F("file", "Line %d is neither UTF-8 nor Shift_JIS", line))
	}
	return out, "Shift_JIS", nil
}

// readSheet reads a file whose headings are among known; must are those that
// may not be missing. What can't be read at all is an error; lines that are
// wrong by themselves are in the list.
func readSheet(file []byte, known, must []string) (*sheet, []Wrong, error) {
	data, encoding, err := decode(file)
	if err != nil {
		return nil, nil, err
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	for _, sep := range ";\t" { // Excel writes what the region's settings say
		if bytes.ContainsRune(first, sep) && !bytes.ContainsRune(first, ',') {
			r.Comma = sep
		}
	}
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, fault.Invalid(fault.F("file", "The file is empty"))
	}
	if err != nil {
		return nil, nil, brokenFile(err)
	}
	s := &sheet{encoding: encoding, at: map[string]int{}}
	var wrong []Wrong
	for i, h := range head {
		h = strings.ToLower(plain(h))
		_, twice := s.at[h]
		switch {
		case h == "":
			wrong = append(wrong, Wrong{1, "", text.M("Column %d has no heading", i+1)})
		case !slices.Contains(known, h):
			wrong = append(wrong, Wrong{1, h, text.M("There is no column %s here; there are: %s", h, strings.Join(known, ", "))})
		case twice:
			wrong = append(wrong, Wrong{1, h, text.M("This column stands there twice")})
		}
		s.at[h] = i
	}
	for _, h := range must {
		if _, ok := s.at[h]; !ok {
			wrong = append(wrong, Wrong{1, h, text.M("The column %s is missing", h)})
		}
	}
	if len(wrong) > 0 {
		return s, wrong, nil
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, wrong, nil
		}
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				return s, append(wrong, Wrong{pe.StartLine, "", text.M("The quotes of this line do not match (at character %d of line %d)", pe.Column, pe.Line)}), nil
			}
			return nil, nil, err
		}
		line, _ := r.FieldPos(0)
		if len(cells) != len(head) {
			if !slices.ContainsFunc(cells, func(c string) bool { return plain(c) != "" }) {
				continue // a blank line that a spreadsheet left
			}
			wrong = append(wrong, Wrong{line, "", text.M("The line has %d cells and the heading %d", len(cells), len(head))})
			continue
		}
		if !slices.ContainsFunc(cells, func(c string) bool { return plain(c) != "" }) {
			continue
		}
		if len(s.rows) >= maxRows {
			return nil, nil, fault.Invalid(fault.F("file", "The file has more than %d lines; split it", maxRows))
		}
		s.rows = append(s.rows, sheetRow{line, cells})
	}
}

func brokenFile(err error) error {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return fault.Invalid(fault.F("file", "The quotes of line %d do not match", pe.Line))
	}
	return err
}

// yes reads a cell of yes or no.
func yes(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "yes", "y", "true", "1", "はい":
		return true, true
	case "", "no", "n", "false", "0", "いいえ":
		return false, true
	}
	return false, false
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
