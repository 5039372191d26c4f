package saml_test

import (
	"testing"

	"yagura/area/identity"
	"yagura/kernel/store/storetest"
)

// BenchmarkSignIn is what an application's signed request costs of somebody who
// is signed in: verified, recorded, answered with two signatures, over HTTP.
func BenchmarkSignIn(b *testing.B) {
	db, clk := storetest.SQLite(b, tables...)
	w := found(b, db, clk)
	for _, c := range []struct {
		name    string
		encrypt bool
	}{{"signed", false}, {"signed and encrypted", true}} {
		b.Run(c.name, func(b *testing.B) {
			name := "plain"
			if c.encrypt {
				name = "sealed"
			}
			sp := w.application(name, pairs()[0])
			if _, err := w.s.FindClient(b.Context(), name); err != nil {
				w.register(name, sp, func(m *identity.SAML, _ *identity.Client) {
					m.SignedRequests = true
					if !c.encrypt {
						m.Encryption = ""
					}
				})
			}
			who := w.browser("keller")
			w.enters(who, sp)
			var addresses []string
			for range b.N {
				address, _ := w.begin(sp, "")
				addresses = append(addresses, address)
			}
			b.ResetTimer()
			for _, address := range addresses {
				if o := who.open(address); o.post == nil {
					b.Fatal(o.status, o.body)
				}
			}
		})
	}
}
