package demo

import (
	"time"

	"yagura/kernel/authz"
)

// Grant is a role over a subtree. Approver is a person of the group; the one
// who holds it never approves it.
type Grant struct {
	Role     authz.Role
	Tree     authz.Tree
	Unit     string
	Lasts    time.Duration // from the start of the demo
	Approver string
}

// Person is somebody of the group. Personas can be signed in as by a link of
// the demo; the others fill teams and rotas.
type Person struct {
	ID      string
	Name    Text
	Mail    string
	Office  Text // the office held
	Unit    string
	Grants  []Grant
	Lang    string
	Zone    string
	Persona bool
	// Why tells a newcomer what this persona shows, in one sentence.
	Why Text
}

// The personas by what they do in the story.
const (
	Officer        = "p-hayashi"
	HeadOfIt       = "p-endo"
	CsirtLead      = "p-mori"
	HandlerJapan   = "p-sato"
	HandlerEurope  = "p-keller"
	DetectAnalyst  = "p-ishida"
	OTEngineer     = "p-okamoto"
	ManagerEurope  = "p-dubois"
	ManagerAmer    = "p-ruiz"
	SmallCompany   = "p-kobayashi"
	PrivacyLead    = "p-nakamura"
	OutsideReader  = "p-cole"
	SystemAdmin    = "p-fujii"
	ProductAnalyst = "p-kimura"
)

const year = 365 * 24 * time.Hour

// People returns everybody, personas first.
func People() []Person {
	all := Root
	own, geo := authz.Own, authz.Geography
	g := func(role authz.Role, tree authz.Tree, unit, approver string) []Grant {
		return []Grant{{role, tree, unit, year, approver}, {authz.Employee, own, all, year, approver}}
	}
	p := func(id, en, ja, mail string, office, why Text, unit, lang, zone string, grants []Grant) Person {
		for i := range grants {
			if grants[i].Role == authz.Employee { // everyone is one where he belongs
				grants[i].Unit = unit
			}
		}
		return Person{id, Text{en, ja}, mail + "@kirishio.example", office, unit, grants, lang, zone, why.En != "", why}
	}
	const tokyo, berlin, chicago = "Asia/Tokyo", "Europe/Berlin", "America/Chicago"
	assessor := []Grant{{authz.Assessor, own, all, 90 * 24 * time.Hour, HeadOfIt}}
	return []Person{
		p(Officer, "Keiko Hayashi", "林 恵子", "keiko.hayashi", Text{"Executive officer in charge of information security", "情報セキュリティ担当執行役員"},
			Text{"Five minutes a day: what is open, are we getting better, which unit is worst.", "1日5分。何が未解決か、良くなっているか、どの部門が悪いかを確認します。"}, Root, "ja", tokyo, g(authz.Officer, own, all, HeadOfIt)),
		p(HeadOfIt, "Takashi Endo", "遠藤 隆", "takashi.endo", Text{"Head of the Corporate Information Security Division", "情報セキュリティ本部長"},
			Text{"Answers for the division: approves, instructs, takes up what nobody accepted.", "本部の責任者。承認し、指示し、引き受け手のない案件を引き取ります。"}, "infosec", "ja", tokyo, g(authz.Head, own, all, Officer)),
		p(CsirtLead, "Haruto Mori", "森 陽翔", "haruto.mori", Text{"Lead of the Corporate CSIRT", "コーポレートCSIRTリーダー"},
			Text{"Leads major incidents and hands them over to the right team.", "重大インシデントを指揮し、適切なチームに引き継ぎます。"}, "infosec-csirt", "ja", tokyo, g(authz.Lead, own, all, HeadOfIt)),
		p(HandlerJapan, "Aoi Sato", "佐藤 葵", "aoi.sato", Text{"CSIRT handler, Japan", "CSIRTハンドラー(日本)"},
			Text{"All day in alerts and incidents, with the keyboard.", "一日中、アラートとインシデントをキーボードで処理します。"}, "infosec-csirt", "ja", tokyo, g(authz.Handler, own, all, CsirtLead)),
		p(HandlerEurope, "Jonas Keller", "ヨナス・ケラー", "jonas.keller", Text{"CSIRT handler, Europe", "CSIRTハンドラー(欧州)"},
			Text{"Takes over at nine in the morning, Central European Time, what Japan hands over.", "日本から引き継いだ案件を中央欧州時間の朝9時から担当します。"}, "office-europe", "en", berlin, g(authz.Handler, geo, "europe", CsirtLead)),
		p(DetectAnalyst, "Nozomi Ishida", "石田 希", "nozomi.ishida", Text{"Detection analyst", "検知アナリスト"},
			Text{"Keeps the rules sharp: triage, exclusions with an end, what is not seen.", "ルールを研ぎ澄ませます。トリアージ、期限付き除外、見えていない範囲の把握。"}, "infosec-csirt", "ja", tokyo, g(authz.Analyst, own, all, CsirtLead)),
		p(OTEngineer, "Daichi Okamoto", "岡本 大地", "daichi.okamoto", Text{"OT engineer, Works 3", "第3工場 OTエンジニア"},
			Text{"Knows the lines of Himeji and decides what may be unplugged.", "姫路のラインを熟知し、何を切り離せるか判断します。"}, "works-himeji", "ja", tokyo, g(authz.Engineer, own, "works-himeji", HeadOfIt)),
		p(ManagerEurope, "Claire Dubois", "クレール・デュボワ", "claire.dubois", Text{"Regional manager, Europe", "欧州地域マネージャー"},
			Text{"Sees all of Europe whoever owns it, and nothing of America.", "所有部門を問わず欧州のすべてを見ます。米州は見えません。"}, "office-europe", "en", "Europe/Paris", g(authz.Regional, geo, "europe", HeadOfIt)),
		p(ManagerAmer, "Daniel Ruiz", "ダニエル・ルイス", "daniel.ruiz", Text{"Regional manager, Americas", "米州地域マネージャー"},
			Text{"The same for the Americas.", "米州について同じ役割を担います。"}, "office-americas", "en", chicago, g(authz.Regional, geo, "americas", HeadOfIt)),
		p(SmallCompany, "Yui Kobayashi", "小林 結衣", "yui.kobayashi", Text{"Security contact of Kirishio Precision Ueda", "霧潮精密上田 セキュリティ窓口"},
			Text{"The one contact of a company of 200: sees her company alone, and reports what happened within a minute.", "社員200名の会社の唯一の窓口。自社の状況だけを確認し、起きたことを1分で報告します。"}, "precision-ueda", "ja", tokyo, g(authz.Contact, own, "precision-ueda", HeadOfIt)),
		p(PrivacyLead, "Sachi Nakamura", "中村 早智", "sachi.nakamura", Text{"Privacy manager", "個人情報保護管理者"},
			Text{"Joins when people's data is touched.", "個人情報が関わる案件に加わります。"}, "infosec-privacy", "ja", tokyo, g(authz.Privacy, own, all, HeadOfIt)),
		p(OutsideReader, "Harriet Cole", "ハリエット・コール", "harriet.cole.ext", Text{"Assessor of an outside body", "外部機関の評価者"},
			Text{"Reads for ninety days and changes nothing.", "90日間、閲覧のみ可能で、何も変更できません。"}, "office-americas", "en", "America/New_York", assessor),
		p(SystemAdmin, "Ren Fujii", "藤井 蓮", "ren.fujii", Text{"Administrator of Yagura", "Yagura管理者"},
			Text{"Sources, accounts, jobs, backup.", "ログ送信元、アカウント、ジョブ、バックアップを管理します。"}, "infosec", "ja", tokyo, g(authz.Admin, own, all, HeadOfIt)),

		p("p-yamane", "Shota Yamane", "山根 翔太", "shota.yamane", Text{"CSIRT handler, Japan", "CSIRTハンドラー(日本)"}, Text{}, "infosec-csirt", "ja", tokyo, g(authz.Handler, own, all, CsirtLead)),
		p("p-ueno", "Misaki Ueno", "上野 美咲", "misaki.ueno", Text{"CSIRT handler, Electric Systems", "CSIRTハンドラー(電機システム)"}, Text{}, "electric", "ja", tokyo, g(authz.Handler, own, "electric", CsirtLead)),
		p("p-hirano", "Kota Hirano", "平野 航太", "kota.hirano", Text{"CSIRT handler, Works 3", "CSIRTハンドラー(第3工場)"}, Text{}, "works-himeji", "ja", tokyo, g(authz.Handler, own, "works-himeji", CsirtLead)),
		p("p-novak", "Petra Nováková", "ペトラ・ノヴァーコヴァー", "petra.novakova", Text{"CSIRT handler, Europe", "CSIRTハンドラー(欧州)"}, Text{}, "mobility-czech", "en", "Europe/Prague", g(authz.Handler, geo, "europe", CsirtLead)),
		p("p-marquez", "Sofía Márquez", "ソフィア・マルケス", "sofia.marquez", Text{"CSIRT handler, Americas", "CSIRTハンドラー(米州)"}, Text{}, "office-americas", "en", chicago, g(authz.Handler, geo, "americas", CsirtLead)),
		p("p-tan", "Wei Ling Tan", "タン・ウェイリン", "weiling.tan", Text{"Regional manager, Asia", "アジア地域マネージャー"}, Text{}, "office-asia", "en", "Asia/Singapore", g(authz.Regional, geo, "asia", HeadOfIt)),
		p("p-shimizu", "Naoki Shimizu", "清水 直樹", "naoki.shimizu", Text{"Lead of factory security", "工場セキュリティリーダー"}, Text{}, "infosec-ot", "ja", tokyo,
			append(g(authz.Engineer, own, all, HeadOfIt), Grant{authz.Contact, own, "infosec", year, HeadOfIt})), // helps the division, its administrator among them, who can't sign in
		p(ProductAnalyst, "Emi Kimura", "木村 絵美", "emi.kimura", Text{"PSIRT analyst", "PSIRTアナリスト"}, Text{"Receives weaknesses of our own products, keeps them secret until the day, and publishes.", "自社製品の脆弱性を受け付け、公表日まで秘匿し、公表します。"}, "infosec-product", "ja", tokyo, g(authz.Psirt, own, all, HeadOfIt)),
		p("p-visser", "Maud Visser", "マウト・フィッセル", "maud.visser", Text{"Sales assistant", "営業アシスタント"}, Text{}, "sales-benelux", "en", "Europe/Amsterdam", []Grant{{authz.Employee, own, all, year, HeadOfIt}}),
		p("p-brandt", "Tobias Brandt", "トビアス・ブラント", "tobias.brandt", Text{"Systems administrator, Europe", "システム管理者(欧州)"}, Text{}, "office-europe", "en", berlin, []Grant{{authz.Employee, own, all, year, HeadOfIt}}),
	}
}

// OfficeKind is the kind of the office held, in the words of the organisation:
// executive-officer, head, regional-manager, security-contact,
// privacy-contact, plant-contact, product-contact or other.
func (p Person) OfficeKind() string {
	switch p.Grants[0].Role {
	case authz.Officer:
		return "executive-officer"
	case authz.Head:
		return "head"
	case authz.Regional:
		return "regional-manager"
	case authz.Contact:
		return "security-contact"
	case authz.Privacy:
		return "privacy-contact"
	case authz.Psirt:
		return "product-contact"
	case authz.Engineer:
		return "plant-contact"
	}
	return "other"
}

// OfficeUnit is the unit for which the office is held: a regional manager's is
// the region, not the building in which the desk stands.
func (p Person) OfficeUnit() string {
	switch p.OfficeKind() {
	case "regional-manager", "security-contact", "executive-officer":
		return p.Grants[0].Unit
	}
	return p.Unit
}

// Personas returns those that a visitor of the demo can be.
func Personas() []Person {
	var out []Person
	for _, p := range People() {
		if p.Persona {
			out = append(out, p)
		}
	}
	return out
}

// Team is a group of people that takes incidents. Rota is who is on call, in
// turns of Days days that change at nine in the morning of Zone.
type Team struct {
	ID      string
	Name    Text
	Kind    string // corporate-csirt, group-csirt, site-csirt, regional-csirt, ot, psirt, privacy
	Unit    string // the subtree it answers for
	Tree    authz.Tree
	Lead    string
	Members []string
	Rota    []string
	Days    int
	Zone    string
}

// Teams returns all teams; every member is of People.
func Teams() []Team {
	t := func(id, en, ja, kind, unit string, tree authz.Tree, lead, zone string, days int, members ...string) Team {
		return Team{id, Text{en, ja}, kind, unit, tree, lead, members, members, days, zone}
	}
	own, geo := authz.Own, authz.Geography
	return []Team{
		t("corporate-csirt", "Corporate CSIRT", "コーポレートCSIRT", "corporate-csirt", Root, own, CsirtLead, "Asia/Tokyo", 7, HandlerJapan, "p-yamane", CsirtLead),
		t("electric-csirt", "Electric Systems CSIRT", "電機システムCSIRT", "group-csirt", "electric", own, "p-ueno", "Asia/Tokyo", 7, "p-ueno", "p-hirano"),
		t("himeji-csirt", "Works 3 CSIRT", "第3工場CSIRT", "site-csirt", "works-himeji", own, "p-hirano", "Asia/Tokyo", 7, "p-hirano", OTEngineer),
		t("europe-csirt", "Europe CSIRT", "欧州CSIRT", "regional-csirt", "europe", geo, HandlerEurope, "Europe/Berlin", 7, HandlerEurope, "p-novak"),
		t("americas-csirt", "Americas CSIRT", "米州CSIRT", "regional-csirt", "americas", geo, "p-marquez", "America/Chicago", 7, "p-marquez"),
		t("ot-security", "Factory Security", "工場セキュリティ", "ot", Root, own, "p-shimizu", "Asia/Tokyo", 7, "p-shimizu", OTEngineer),
		t("psirt", "PSIRT", "PSIRT", "psirt", Root, own, "p-kimura", "Asia/Tokyo", 14, "p-kimura"),
		t("privacy", "Privacy", "個人情報保護", "privacy", Root, own, PrivacyLead, "Asia/Tokyo", 14, PrivacyLead),
	}
}
