package check

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Passkey is an authenticator with one key, in software, and the browser before
// it (WebAuthn Level 3). It can lie, which real ones don't.
type Passkey struct {
	origin string
	rp     string // RP ID
	handle string // of its person, base64url
	id     []byte
	key    *ecdsa.PrivateKey
}

// lie changes what an assertion says before it is signed.
type lie struct {
	origin, rp, handle, kind, challenge string
	flags                               byte
	key                                 *ecdsa.PrivateKey
}

const (
	present  = 1 << 0 // flags of authenticator data (§6.1)
	verified = 1 << 2
	attested = 1 << 6
)

var b64 = base64.RawURLEncoding

// public are the options of a ceremony, as far as an authenticator needs them.
type public struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		RPID string `json:"rpId"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	} `json:"publicKey"`
}

// NewPasskey answers the options of a registration at an origin.
func NewPasskey(origin string, options json.RawMessage) (p *Passkey, answer json.RawMessage, err error) {
	var o public
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, nil, err
	}
	p = &Passkey{origin: origin, rp: o.PublicKey.RP.ID, handle: o.PublicKey.User.ID, id: make([]byte, 32)}
	rand.Read(p.id)
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		return nil, nil, err
	}
	// COSE_Key: kty EC2, alg ES256, crv P-256, x, y (RFC 9053 §7.1.1).
	cose := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33]...)
	cose = append(append(cose, 0x22, 0x58, 0x20), point[33:]...)
	data := authenticatorData(p.rp, present|verified|attested)
	data = append(data, make([]byte, 16)...) // AAGUID: nobody vouches for it
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(p.id))), p.id...)
	data = append(data, cose...)
	// {"fmt": "none", "attStmt": {}, "authData": …} (§6.5.4, §8.7)
	object := []byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58")
	object = append(append(object, byte(len(data))), data...)
	answer, err = json.Marshal(map[string]any{
		"id": b64.EncodeToString(p.id), "rawId": b64.EncodeToString(p.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(clientData("webauthn.create", o.PublicKey.Challenge, origin)), "attestationObject": b64.EncodeToString(object)},
	})
	return p, answer, err
}

func authenticatorData(rp string, flags byte) []byte {
	hash := sha256.Sum256([]byte(rp))
	return append(append(hash[:], flags), 0, 0, 0, 0) // no counter, as synced keys have none
}

func clientData(kind, challenge, origin string) []byte {
	raw, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}) // of strings
	return raw
}

// assert answers the options of a sign-in, with the truth or a lie.
func (p *Passkey) assert(options json.RawMessage, change func(*lie)) (json.RawMessage, error) {
	var o public
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	l := lie{p.origin, p.rp, p.handle, "webauthn.get", o.PublicKey.Challenge, present | verified, p.key}
	if change != nil {
		change(&l)
	}
	data, client := authenticatorData(l.rp, l.flags), clientData(l.kind, l.challenge, l.origin)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, l.key, digest[:])
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"id": b64.EncodeToString(p.id), "rawId": b64.EncodeToString(p.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data), "signature": b64.EncodeToString(signature), "userHandle": l.handle},
	})
}

// begun is a ceremony as Yagura's pages begin it.
type begun struct {
	Ceremony string          `json:"ceremony"`
	Options  json.RawMessage `json:"options"`
}

func postJSON(ctx context.Context, b *http.Client, address string, body, into any) (status int, err error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := b.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		return 0, err
	}
	if resp.StatusCode == http.StatusOK && into != nil {
		return resp.StatusCode, json.Unmarshal(raw, into)
	}
	return resp.StatusCode, nil
}

// Enrol opens a one-time link of a person at Yagura and adds a passkey.
func Enrol(ctx context.Context, issuer, link string, way http.RoundTripper) (*Passkey, error) {
	at, err := url.Parse(link)
	if err != nil || at.Query().Get("t") == "" || !strings.HasPrefix(link, issuer+"/") {
		return nil, errors.New("the link is none of this provider")
	}
	jar, _ := cookiejar.New(nil) // never fails without options
	b := &http.Client{Jar: jar, Transport: way}
	resp, err := b.PostForm(issuer+at.Path, url.Values{"t": at.Query()["t"]})
	if err != nil {
		return nil, err
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the link answers %d: it works once and for 30 minutes", resp.StatusCode)
	}
	var c begun
	if status, err := postJSON(ctx, b, issuer+"/settings/passkeys/begin", struct{}{}, &c); err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("adding a passkey answers %d: %v", status, err)
	}
	p, answer, err := NewPasskey(issuer, c.Options)
	if err != nil {
		return nil, err
	}
	status, err := postJSON(ctx, b, issuer+"/settings/passkeys/finish", map[string]any{"ceremony": c.Ceremony, "name": "yagura id attack", "answer": answer}, nil)
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("adding a passkey answers %d: %v", status, err)
	}
	return p, nil
}

// SignIn signs in at Yagura's page; for Target.SignIn.
func (p *Passkey) SignIn(ctx context.Context, b *http.Client, page *url.URL) (next string, err error) {
	status, err := p.enter(ctx, b, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the sign-in answers %d", status)
	}
	return page.Query().Get("next"), err
}

func (p *Passkey) enter(ctx context.Context, b *http.Client, change func(*lie)) (status int, err error) {
	var c begun
	if status, err = postJSON(ctx, b, p.origin+"/sign-in/begin", struct{}{}, &c); err != nil || status != http.StatusOK {
		return status, err
	}
	answer, err := p.assert(c.Options, change)
	if err != nil {
		return 0, err
	}
	return postJSON(ctx, b, p.origin+"/sign-in/finish", map[string]any{"ceremony": c.Ceremony, "answer": answer}, nil)
}

// lied is a sign-in with a lie, which opens nothing.
func lied(name, clause string, change func(*lie)) Check {
	return Check{name, clause, func(ctx context.Context, b *Bench) error {
		if b.Passkey == nil {
			return errLeftOut
		}
		status, err := b.Passkey.enter(ctx, b.browser, change)
		if err != nil {
			return err
		}
		return errors.Join(want(status/100 == 4, "the sign-in answers %d", status), b.outside(ctx))
	}}
}

// outside tells that the browser is not signed in.
func (b *Bench) outside(ctx context.Context) error {
	silent := b.ask().with("prompt", "none")
	if err := b.authorize(ctx, silent); err != nil {
		return err
	}
	return want(silent.back.Get("error") == "login_required", "the browser is signed in: %s", silent.back.Encode())
}

// passkeys are attacks on the sign-in by passkey.
var passkeys = []Check{
	lied("an assertion for another origin, as a phishing page gets it", "WebAuthn Level 3 §7.2 step 12", func(l *lie) { l.origin = "https://elsewhere.example" }),
	lied("an assertion for another RP ID", "WebAuthn Level 3 §7.2 step 14", func(l *lie) { l.rp = "elsewhere.example" }),
	lied("an assertion without user verification", "WebAuthn Level 3 §7.2 step 16", func(l *lie) { l.flags = present }),
	lied("an assertion without a person present", "WebAuthn Level 3 §7.2 step 15", func(l *lie) { l.flags = verified }),
	lied("an assertion of somebody else's account", "WebAuthn Level 3 §7.2 step 6", func(l *lie) { l.handle = word() }),
	lied("an assertion to another challenge", "WebAuthn Level 3 §7.2 step 11", func(l *lie) { l.challenge = word() }),
	lied("the answer to a registration as an assertion", "WebAuthn Level 3 §7.2 step 10", func(l *lie) { l.kind = "webauthn.create" }),
	lied("an assertion by another key", "WebAuthn Level 3 §7.2 step 21", func(l *lie) {
		l.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // never fails on this curve
	}),
	{"an assertion that is sent again", "WebAuthn Level 3 §13.4.3", func(ctx context.Context, b *Bench) error {
		if b.Passkey == nil {
			return errLeftOut
		}
		var c begun
		if status, err := postJSON(ctx, b.browser, b.Issuer+"/sign-in/begin", struct{}{}, &c); err != nil || status != http.StatusOK {
			return fmt.Errorf("the sign-in answers %d: %v", status, err)
		}
		answer, err := b.Passkey.assert(c.Options, nil)
		if err != nil {
			return err
		}
		said := map[string]any{"ceremony": c.Ceremony, "answer": answer}
		if status, err := postJSON(ctx, b.browser, b.Issuer+"/sign-in/finish", said, nil); err != nil || status != http.StatusOK {
			return fmt.Errorf("the sign-in answers %d the first time: %v", status, err)
		}
		b.forget()
		status, err := postJSON(ctx, b.browser, b.Issuer+"/sign-in/finish", said, nil)
		if err != nil {
			return err
		}
		return errors.Join(want(status/100 == 4, "the sign-in answers %d the second time", status), b.outside(ctx))
	}},
}
