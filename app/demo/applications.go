package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Application is one of the group that signs people in through the identity
// provider.
type Application struct {
	ID      string
	Kind    string // "web", "native", "service", "gate" or "saml"
	Name    Text
	Level   string
	Host    string
	Scopes  []string
	Offline bool // renews tokens beyond the session
	Devices bool
	RS256   bool
	Silent  bool // has no address for sign-outs
	Class   string
	Probed  bool // can be asked whether a session is over
}

// Applications are those of the group, in order of their ids.
func Applications() []Application {
	return []Application{
		{ID: "andon-panel", Kind: "native", Name: Text{"Andon panels of the lines", "ライン用アンドンパネル"}, Level: "aal2", Devices: true},
		{ID: "bi-reports", Kind: "web", Name: Text{"Reports and figures", "経営レポート"}, Level: "aal2", Host: "bi.kirishio.example", Scopes: []string{"profile", "email", "groups"}},
		{ID: "erp", Kind: "web", Name: Text{"Enterprise resource planning", "基幹業務システム"}, Level: "phr", Host: "erp.kirishio.example", Scopes: []string{"profile", "email", "groups"}, RS256: true, Class: "sensitive", Probed: true},
		{ID: "mail", Kind: "web", Name: Text{"Mail and calendar", "メールと予定表"}, Level: "phr", Host: "mail.kirishio.example", Scopes: []string{"profile", "email"}, Offline: true, Probed: true},
		{ID: "payroll", Kind: "saml", Name: Text{"Payroll", "給与計算"}, Level: "phr", Host: "payroll.kirishio.example", Class: "critical"},
		{ID: "plant-wiki", Kind: "gate", Name: Text{"Wiki of the plants", "工場Wiki"}, Level: "phr", Host: "wiki.kirishio.example"},
		{ID: "plm", Kind: "web", Name: Text{"Drawings and product data", "図面・製品データ管理"}, Level: "phrh", Host: "plm.kirishio.example", Scopes: []string{"profile", "email", "groups", "roles"}, Class: "critical", Probed: true},
		{ID: "quality-sync", Kind: "service", Name: Text{"Quality data exchange", "品質データ連携"}},
		{ID: "travel", Kind: "web", Name: Text{"Business trips and expenses", "出張・経費精算"}, Level: "phr", Host: "travel.kirishio.example", Scopes: []string{"profile", "email"}, Silent: true},
	}
}

// SignOut is what became of the end of one session at one application.
type SignOut struct {
	Application string
	Session     string
	Ago         time.Duration
	Millis      int64 // to its answer
	Proof       string
	Proved      int64 // milliseconds to the proof
	Problem     string
}

// SignOuts returns those of two months. Those that can be asked proved nearly all;
// of the product data some sessions outlived their end.
func SignOuts(seed uint64) (out []SignOut) {
	r := source(seed, 0x0917)
	for _, a := range Applications() {
		if a.Host == "" || a.Silent || a.Kind == "gate" {
			continue
		}
		for n := range 40 + r.IntN(80) {
			o := SignOut{Application: a.ID, Session: fmt.Sprintf("%s-%03d", a.ID, n), Ago: time.Duration(3+r.IntN(60*24)) * time.Hour, Millis: took(r, 40)}
			if a.Probed {
				o.Proof, o.Proved = "probed", o.Millis+took(r, 60)
				if a.ID == "plm" && r.IntN(9) == 0 {
					o.Proof, o.Proved = "still-in", 0
				}
			}
			if r.IntN(70) == 0 {
				o.Proof, o.Proved, o.Problem = "", 0, "the sign-out was answered 503"
			}
			out = append(out, o)
		}
	}
	return out
}

// took is how long an answer takes: mostly about as long, seldom much longer.
func took(r *rand.Rand, usual int64) int64 {
	return usual + int64(r.ExpFloat64()*float64(usual))
}

// Opened are the applications that somebody opens after a sign-in.
func Opened(r *rand.Rand) (ids []string) {
	for _, a := range []struct {
		id  string
		ten int
	}{{"mail", 9}, {"erp", 4}, {"bi-reports", 3}, {"plm", 2}, {"payroll", 1}} {
		if r.IntN(10) < a.ten {
			ids = append(ids, a.id)
		}
	}
	return ids
}
