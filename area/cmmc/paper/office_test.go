package paper

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/paper/docx"
	"yagura/area/cmmc/paper/pdf"
	"yagura/area/cmmc/paper/typeface"
	"yagura/kernel/text"
)

// program is one that others wrote and that judges the papers.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("YAGURA_REQUIRE_OFFICE") == "1" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed (YAGURA_REQUIRE_OFFICE=1 requires it)", name)
	}
	return path
}

// required skips where nobody asked for the programs: LibreOffice takes seconds.
func required(t *testing.T) {
	t.Helper()
	if os.Getenv("YAGURA_REQUIRE_OFFICE") != "1" {
		t.Skip("LibreOffice and poppler read the papers with YAGURA_REQUIRE_OFFICE=1 alone")
	}
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, said.String())
	}
	return out
}

// Both languages and all kinds of papers are converted by two calls, since most of
// the time is that of starting.
func TestAnotherOfficeReadsThePapers(t *testing.T) {
	required(t)
	dir := t.TempDir()
	save := func(name string, raw []byte, err error) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.WriteFile(path, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	word := func(name string, d *block.Document) string {
		var b bytes.Buffer
		err := docx.Write(&b, d)
		return save(name, b.Bytes(), err)
	}
	var documents, books []string
	for _, lang := range []text.Lang{text.EN, text.JA} {
		p := papers(t, lang)
		documents = append(documents, word("ssp-"+string(lang)+".docx", p.SSP()), word("matrix-"+string(lang)+".docx", p.Matrix()))
		poam, err := p.POAM()
		books = append(books, save("poam-"+string(lang)+".xlsx", poam, err))
		matrix, err := p.Responsibility()
		books = append(books, save("matrix-"+string(lang)+".xlsx", matrix, err))
	}
	profile := "-env:UserInstallation=file://" + filepath.Join(dir, "profile")
	run(t, "soffice", append([]string{profile, "--headless", "--convert-to", "pdf", "--outdir", dir}, documents...)...)
	// Comma, quotes, UTF-8, from line 1; formatted as shown, texts quoted.
	run(t, "soffice", append([]string{profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true", "--outdir", dir}, books...)...)

	for _, lang := range []string{"en", "ja"} {
		said := string(run(t, "pdftotext", filepath.Join(dir, "ssp-"+lang+".pdf"), "-"))
		whole := strings.Join(strings.Fields(said), "")
		for _, q := range catalog.Requirements(2) {
			if !strings.Contains(said, q.CMMC) {
				t.Errorf("%s: %s is not in the document", lang, q.CMMC)
			}
			for _, i := range q.Objective {
				if !strings.Contains(said, catalog.Name(i)) {
					t.Errorf("%s: %s is not in the document", lang, catalog.Name(i))
				}
			}
		}
		for _, want := range []string{"監査ログの見直し手順が承認されていない。", strings.Repeat("1", 64), "SSP-3"} {
			if !strings.Contains(whole, want) {
				t.Errorf("%s: %q is not in the document", lang, want)
			}
		}
		if matrix := string(run(t, "pdftotext", filepath.Join(dir, "matrix-"+lang+".pdf"), "-")); !strings.Contains(matrix, "Aerodata Cloud") || !strings.Contains(matrix, "3.14.7[b]") {
			t.Errorf("%s: the matrix is not whole", lang)
		}
		rows := table(t, filepath.Join(dir, "poam-"+lang+".csv"))
		open := map[string][]string{}
		for _, r := range rows {
			open[r[1]] = r
		}
		for _, d := range papers(t, text.EN).r.Deductions {
			if open[d.Requirement.CMMC] == nil {
				t.Errorf("%s: %s is not in the plan of action", lang, d.Requirement.CMMC)
			}
		}
		if r := open["AU.L2-3.3.3"]; r[11] != `=HYPERLINK("http://attacker.example","approve")` || r[15] != "2027-01-31" || r[16] != "2027-03-19" {
			t.Errorf("%s: %q", lang, r)
		}
		if n := len(table(t, filepath.Join(dir, "matrix-"+lang+".csv"))); n != catalog.Level2Objectives+5 {
			t.Errorf("%s: the matrix has %d lines", lang, n)
		}
	}
}

func table(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Poppler reads what we write as PDF: fonts embedded and cut down, text that can be
// found, in both languages, and pages that can be drawn without a complaint.
func TestAnotherReaderReadsThePDF(t *testing.T) {
	required(t)
	fonts, err := typeface.Find(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []text.Lang{text.EN, text.JA} {
		var b bytes.Buffer
		if err := pdf.Write(&b, papers(t, lang).SSP(), fonts); err != nil {
			t.Fatal(err)
		}
		if b.Len() > 2<<20 {
			t.Errorf("%s: %d bytes: the fonts are not cut down", lang, b.Len())
		}
		name := filepath.Join(t.TempDir(), "ssp.pdf")
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		said := string(run(t, "pdftotext", name, "-"))
		for _, q := range catalog.Requirements(2) {
			if !strings.Contains(said, q.CMMC) {
				t.Errorf("%s: %s is not in the document", lang, q.CMMC)
			}
		}
		if !strings.Contains(strings.Join(strings.Fields(said), ""), "監査ログの見直し手順が承認されていない。") {
			t.Errorf("%s: Japanese is not in the document", lang)
		}
		list := strings.Split(strings.TrimSpace(string(run(t, "pdffonts", name))), "\n")
		for _, line := range list[2:] {
			if f := strings.Fields(line); strings.Join(f[len(f)-5:len(f)-2], " ") != "yes yes yes" {
				t.Errorf("%s: a font is not embedded, cut down and searchable: %s", lang, line)
			}
		}
		cmd := exec.CommandContext(t.Context(), program(t, "pdftoppm"), "-r", "20", "-f", "10", "-l", "14", "-png", name, filepath.Join(t.TempDir(), "p"))
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", lang, err, out)
		}
	}
}
