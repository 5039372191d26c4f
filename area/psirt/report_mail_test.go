package psirt

import (
	"io"
	"strings"
	"testing"
	"time"

	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

var mailed = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func mailOf(lines ...string) string { return strings.Join(lines, "\r\n") }

func TestReadMail(t *testing.T) {
	// Subject and body are ISO-2022-JP, as mails from Japan often are.
	r, err := ReadMail(strings.NewReader(mailOf("From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <yamada@example.jp>", "Subject: =?UTF-8?Q?Overflow_in_NX5_=E8=84=86=E5=BC=B1=E6=80=A7?=", "Message-ID: <1@example.jp>",
		"MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="b"`, "", "--b", "Content-Type: text/plain; charset=ISO-2022-JP", "", "\x1b$B$3$s$K$A$O\x1b(B", "--b",
		`Content-Type: application/octet-stream; name="poc.pgp"`, "Content-Disposition: attachment; filename=\"../poc.pgp\"", "Content-Transfer-Encoding: base64", "", "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0t", "Cg==", "--b--", "")), mailed)
	if err != nil {
		t.Fatal(err)
	}
	if r.Title != "Overflow in NX5 脆弱性" || r.Description != "こんにちは" || r.Finder.Name != "山田" || r.Finder.Contact != "yamada@example.jp" || r.Message != "<1@example.jp>" || r.Lang != text.JA || !r.Arrived.Equal(mailed) {
		t.Errorf("%+v", r)
	}
	if len(r.Files) != 1 || document.Name(r.Files[0].Name, "file") != "poc.pgp" {
		t.Fatalf("%+v", r.Files)
	}
	if raw, err := io.ReadAll(r.Files[0].Content); err != nil || string(raw) != "-----BEGIN PGP MESSAGE-----\n" || !sealed(raw) {
		t.Errorf("%q %v", raw, err)
	}
	// Encrypted mail stays one file.
	r, err = ReadMail(strings.NewReader(mailOf("From: a@example.com", "Subject: secret", `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="e"`, "", "--e", "Content-Type: application/pgp-encrypted", "", "Version: 1", "--e--")), mailed)
	if err != nil || len(r.Files) != 1 || r.Files[0].Name != "encrypted.mime" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestWrongMailsAreRefused(t *testing.T) {
	nested := ""
	for i := range 12 {
		b := string(rune('a' + i))
		nested += "Content-Type: multipart/mixed; boundary=" + b + b + "\r\n\r\n--" + b + b + "\r\n"
	}
	many := "Content-Type: multipart/mixed; boundary=m\r\n\r\n" + strings.Repeat("--m\r\nContent-Type: image/png\r\n\r\nx\r\n", 70) + "--m--\r\n"
	for name, c := range map[string][2]string{
		"no mail":   {"no header", "not an e-mail"},
		"nested":    {nested, "too many parts"},
		"many":      {many, "too many parts"},
		"cut off":   {"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nx", "Part 1"},
		"bad coded": {"Content-Transfer-Encoding: base64\r\n\r\n!!!!", "Part 1 of the mail can't be read"},
	} {
		_, err := ReadMail(strings.NewReader(c[0]), mailed)
		if !fault.Is(err, fault.KindInvalid) || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadMail(f *testing.F) {
	f.Add("From: a@b\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n")
	f.Add("Subject: =?iso-2022-jp?B?GyRC?=\r\nContent-Type: text/plain; charset=shift_jis\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=82=A0")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ReadMail(strings.NewReader(s), mailed)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Fatal(err)
			}
			return
		}
		if wrong := r.check(mailed); len([]rune(r.Title)) > longestTitle || len(r.Files) > MostFiles || strings.Contains(r.Description, "\x00") {
			t.Fatal(wrong, r.Title)
		}
	})
}
