package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Employee is somebody of the group who has no part in the story.
type Employee struct {
	ID      string
	Name    Text
	Mail    string
	Unit    string
	Lang    string
	Zone    string
	Passkey bool // has a strong second factor
}

// perEmployee is how many people of the head count one employee stands for.
const perEmployee = 40

type nameList struct{ given, family []Text }

func plainNames(given, family string) nameList {
	split := func(s string) (out []Text) {
		for w := range strings.FieldsSeq(s) {
			out = append(out, Text{w, ""})
		}
		return out
	}
	return nameList{split(given), split(family)}
}

var (
	japaneseNames = nameList{
		[]Text{{"Yuto", "悠斗"}, {"Rin", "凛"}, {"Sota", "蒼太"}, {"Mei", "芽依"}, {"Hinata", "陽向"}, {"Akari", "明里"}, {"Itsuki", "樹"}, {"Kaho", "夏帆"}, {"Ryo", "亮"}, {"Chihiro", "千尋"}, {"Makoto", "誠"}, {"Tomoko", "智子"}},
		[]Text{{"Aoki", "青木"}, {"Fukuda", "福田"}, {"Goto", "後藤"}, {"Hara", "原"}, {"Inoue", "井上"}, {"Kato", "加藤"}, {"Matsui", "松井"}, {"Noguchi", "野口"}, {"Ogawa", "小川"}, {"Sakai", "酒井"}, {"Takeda", "武田"}, {"Wada", "和田"}},
	}
	europeanNames = plainNames("Anna Lukas Sofie Marco Eva Erik Ilse Pavel Lena Giulia Oliver Maja", "Becker Jansen Rossi Svoboda Lindberg Harris Moreau Weber Conti Dvorak Nilsson Clarke")
	americanNames = plainNames("Emily Carlos Olivia Luis Grace Pedro Hannah Diego Megan Rafael Ava Mateo", "Walker Hernandez Silva Brooks Ortega Souza Bennett Lopez Almeida Foster Ramos Price")
	asianNames    = plainNames("Somchai Mei-Lin Anong Jun Siriporn Hao Kanya Li Prasert Xin Narin Yan", "Chaiyasit Zhang Suwan Liu Wongsa Chen Saetang Wu Boonmee Lin Thongchai Zhao")
)

// RollingOut are the units in which passkeys are still being handed out.
var RollingOut = map[string]bool{"automation-thailand": true, "switchgear": true}

// Staff returns a small part of the group's people, alike for a seed: one for
// every forty, with names of their region. Most have a passkey.
func Staff(seed uint64) []Employee {
	r := source(seed, 0x57aff)
	var out []Employee
	for _, u := range Units() {
		pool, lang := europeanNames, "en"
		switch u.Region {
		case "japan":
			pool, lang = japaneseNames, "ja"
		case "americas":
			pool = americanNames
		case "asia":
			pool = asianNames
		}
		count := u.People / perEmployee
		if u.People > 0 {
			count = max(count, 4)
		}
		share := 0.965 + 0.03*r.Float64()
		if RollingOut[u.ID] {
			share = 0.82
		}
		if RolledOut[u.ID] {
			share = 1
		}
		for n := range count {
			out = append(out, pool.employee(r, u, n, lang, share))
		}
	}
	return out
}

func (p nameList) employee(r *rand.Rand, u Unit, n int, lang string, share float64) Employee {
	given, family := pick(r, p.given), pick(r, p.family)
	e := Employee{ID: fmt.Sprintf("e-%s-%03d", u.ID, n+1), Name: Text{En: given.En + " " + family.En}, Unit: u.ID, Lang: lang, Zone: u.Zone, Passkey: r.Float64() < share}
	if family.Ja != "" {
		e.Name.Ja = family.Ja + " " + given.Ja
	}
	e.Mail = strings.ToLower(fmt.Sprintf("%s.%s.%s%d@kirishio.example", given.En, family.En, u.Code, n+1))
	return e
}
