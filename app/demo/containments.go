package demo

// Containment is a person whom somebody locked out before the day of the story.
type Containment struct {
	Unit    string // somebody of it, who has no role
	By      string
	Reason  Text
	Ago     int // hours
	Targets []Target
}

// Target is one thing by which he got in, and what is known of it.
type Target struct {
	Kind   string // "application", "gate" or "radius"
	Name   string // of an application its code
	Result string
	Detail string
	Status int64
	Millis int64
}

// Containments are those of the group: one, with a target that answered and
// proved nothing.
func Containments() []Containment {
	return []Containment{{
		Unit: "sales-germany", By: HandlerEurope, Ago: 20, Reason: Text{"Typed the password into a copy of the sign-in page; sessions from two countries.", "偽のサインイン画面にパスワードを入力。2か国からのセッションを確認。"},
		Targets: []Target{
			{"application", "erp", "confirmed", "probed", 200, 182},
			{"application", "mail", "confirmed", "probed", 200, 241},
			{"application", "bi-reports", "unconfirmed", "answered", 200, 96},
			{"gate", "plant-wiki", "confirmed", "asks-always", 0, 0},
			{"radius", "VPN gateway Amsterdam", "ended", "", 0, 64},
		},
	}}
}
