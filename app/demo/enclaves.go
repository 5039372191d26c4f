package demo

// Entity is a legal entity that signs contracts.
type Entity struct {
	ID, Unit, Region, CAGE, Parent string
	Name                           Text
}

// Entities returns the legal entities behind the enclaves.
func Entities() []Entity {
	return []Entity{
		{"kirishio", Root, "Japan", "J7K21", "", Text{"Kirishio Corporation", "霧潮株式会社"}},
		{"kirishio-software", "software-fukuoka", "Japan", "J7K2S", "kirishio", Text{"Kirishio Software Fukuoka", "霧潮ソフトウエア福岡"}},
		{"kirishio-switchgear", "switchgear", "Japan", "J7K3G", "kirishio", Text{"Kirishio Switchgear", "霧潮スイッチギヤ"}},
		{"kirishio-ohio", "mobility-usa", "Americas", "8K1H4", "kirishio", Text{"Kirishio Mobility Ohio LLC", "霧潮モビリティ・オハイオ"}},
		{"kirishio-electric-usa", "electric-usa", "Americas", "8K1E0", "kirishio", Text{"Kirishio Electric USA Inc.", "霧潮電機USA"}},
		{"kirishio-germany", "sales-germany", "Europe", "D9K04", "kirishio", Text{"Kirishio Germany GmbH", "霧潮ドイツ"}},
		{"kirishio-czech", "mobility-czech", "Europe", "C3K77", "kirishio", Text{"Kirishio Mobility Czech s.r.o.", "霧潮モビリティ・チェコ"}},
		{"kirishio-thailand", "automation-thailand", "Asia", "T5K12", "kirishio", Text{"Kirishio Automation Thailand Ltd.", "霧潮オートメーション・タイ"}},
	}
}

// Provider is a service that enclaves take objectives from.
type Provider struct {
	ID, Kind, Unit string
	Name           Text
	About          Text
	Holds, FedRAMP string
	Proof          string
	Gives, Shares  []string // requirements or objectives: the provider's alone, and in halves
	From           []string // providers that it takes from itself, in halves
	Open           []string
}

// Providers returns the corporate services and two from outside.
func Providers() []Provider {
	return []Provider{
		{ID: "group-identity", Kind: "service", Unit: "infosec", Name: Text{"Group sign-in", "グループ認証基盤"},
			About:  Text{"One sign-in with several factors for all applications", "全アプリケーション共通の多要素認証"},
			Gives:  []string{"3.5.1", "3.5.2", "3.5.4", "3.5.7", "3.5.8", "3.5.9", "3.5.10", "3.5.11", "3.1.8"},
			Shares: []string{"3.5.3", "3.5.5", "3.5.6", "3.1.1"}},
		{ID: "group-soc", Kind: "service", Unit: "infosec-csirt", Name: Text{"Corporate CSIRT and monitoring", "コーポレートCSIRTと監視"},
			About:  Text{"Logs of all sites in one place, rules, alerts, incidents", "全拠点のログの集約、ルール、アラート、インシデント対応"},
			Gives:  []string{"3.3.5", "3.3.6", "3.3.8", "3.3.9", "3.14.6"},
			Shares: []string{"3.3.1", "3.3.3", "3.3.4", "3.6.1", "3.6.2", "3.14.3", "3.14.7"}, From: []string{"group-identity"}},
		{ID: "group-network", Kind: "service", Unit: "datacenter", Name: Text{"Group network and data centre", "グループネットワーク・データセンター"},
			About:  Text{"Network between sites, way in from outside, time, backup", "拠点間ネットワーク、リモートアクセス、時刻、バックアップ"},
			Gives:  []string{"3.3.7", "3.13.7", "3.13.9", "3.13.15", "3.1.14"},
			Shares: []string{"3.13.1", "3.13.5", "3.13.6", "3.1.12", "3.1.13", "3.8.9"}, From: []string{"group-identity"}},
		{ID: "document-cloud", Kind: "csp", Unit: "infosec", Name: Text{"Document cloud", "文書クラウド"}, Holds: "cui", FedRAMP: "moderate", Proof: "FedRAMP Marketplace, package FR-2231, 2026-03-18",
			About: Text{"Documents with CUI", "CUI を含む文書の保管"}, Shares: []string{"3.13.16", "3.8.9[a]"}},
		{ID: "site-guards", Kind: "esp", Unit: "head-office", Name: Text{"Site guards", "警備会社"}, Holds: "spd",
			About: Text{"Gates, visitors, cameras", "門衛、来訪者、監視カメラ"}, Shares: []string{"3.10.3", "3.10.4", "3.10.5"}},
	}
}

// Lead is what somebody is to bring forward.
type Lead struct {
	Objective, Person string
	Due               int // days from the start
}

// Thing is an asset of an enclave.
type Thing struct {
	Name     Text
	Category string
	Ref      string
	Gaps     string // letters of what is missing: i(nventory), s(sp), d(iagram)
}

// Enclave is a part of a company that handles what a contract protects.
type Enclave struct {
	ID, Unit, Entity string
	Name             Text
	About, Boundary  Text
	Level            int
	Plan             string // version of its system security plan; empty: none
	PlanAge          int    // days
	Takes            []string
	Open, Unknown    []string // requirements or objectives
	NA, Enduring     []string
	Temporary        []string
	Partial          []string
	Status           string // conditional or final
	Age              int    // days since the status began
	Form, Assessor   string
	Signed           []int // days since each affirmation
	Leads            []Lead
	Things           []Thing
	Course           []int // scores of months past, the oldest first
}

var everyService = []string{"group-identity", "group-soc", "group-network", "document-cloud"}

// Enclaves returns twelve in different states.
func Enclaves() []Enclave {
	line := func(name, ja, ref string) Thing { return Thing{Text{name, ja}, "sa", ref, ""} }
	return []Enclave{
		{ID: "servo-nagoya", Unit: "works-nagoya", Entity: "kirishio", Level: 2, Name: Text{"Servo drives, Works 1", "第1工場 サーボ機器"},
			About: Text{"Drawings and test data of servo drives for ships", "艦艇向けサーボ機器の図面と試験データ"}, Boundary: Text{"Building 7, design network 10.28.64.0/20", "7号棟、設計ネットワーク 10.28.64.0/20"},
			Plan: "SSP-NAG 3.1", PlanAge: 61, Takes: everyService, NA: []string{"3.1.16", "3.1.17"}, Enduring: []string{"3.4.8[a]"},
			Status: "final", Age: 212, Form: "c3pao", Assessor: "Examiners Midwest LLC", Signed: []int{212}, Course: []int{92, 97, 101, 105, 107, 110, 110, 110},
			Things: []Thing{{Text{"Design workstations (42)", "設計端末(42台)"}, "cui", "NAG-WS", ""}, {Text{"Firewall NAG", "ファイアウォール NAG"}, "spa", "NAG-FW", ""}, line("Test bench 3", "試験台3", "NAG-TB3"), line("Winding line 2", "巻線ライン2", "NAG-L2")}},
		{ID: "naval-himeji", Unit: "works-himeji", Entity: "kirishio", Level: 2, Name: Text{"Switchboards for ships, Works 3", "第3工場 艦艇用配電盤"},
			About: Text{"Drawings of switchboards under a contract that ends with the status", "艦艇用配電盤の図面。契約はステータスに依存"}, Boundary: Text{"Design office and lines 4 and 5", "設計室とライン4・5"},
			Plan: "SSP-HIM 2.4", PlanAge: 190, Takes: everyService, Open: []string{"3.1.9", "3.4.9[c]", "3.8.5[b]", "3.13.14", "3.7.6", "3.5.5[b]"}, NA: []string{"3.1.16", "3.1.17"},
			Status: "conditional", Age: 172, Form: "c3pao", Assessor: "Examiners Midwest LLC", Signed: []int{172}, Course: []int{71, 74, 83, 96, 102, 103, 103, 104},
			Leads:  []Lead{{"3.4.9[c]", OTEngineer, 5}, {"3.8.5[b]", OTEngineer, 6}, {"3.13.14[a]", "p-shimizu", 6}, {"3.7.6[a]", OTEngineer, 1}},
			Things: []Thing{{Text{"Design servers (3)", "設計サーバー(3台)"}, "cui", "HIM-SV", ""}, line("Line 4", "ライン4", "HIM-L4"), line("Line 5", "ライン5", "HIM-L5"), {Text{"Panel printer", "銘板プリンター"}, "crma", "HIM-PP", "d"}}},
		{ID: "sensing-tsukuba", Unit: "research", Entity: "kirishio", Level: 3, Name: Text{"Sensing research, Tsukuba", "つくば センシング研究"},
			About: Text{"Joint research under the strictest terms", "最も厳しい条件の共同研究"}, Boundary: Text{"Laboratory C, its own network", "C研究棟、独立ネットワーク"},
			Plan: "SSP-TSU 5.0", PlanAge: 34, Takes: everyService, Open: []string{"3.2.2e[c]", "3.13.4e"}, Status: "conditional", Age: 64, Form: "dibcac", Assessor: "DIBCAC", Signed: []int{64}, Course: []int{12, 14, 17, 19, 21, 22},
			Things: []Thing{{Text{"Compute cluster", "計算クラスタ"}, "cui", "TSU-HPC", ""}, {Text{"Spectrum analysers (6)", "スペクトラムアナライザー(6台)"}, "sa", "TSU-SA", ""}}},
		{ID: "torque-hamamatsu", Unit: "works-hamamatsu", Entity: "kirishio", Level: 2, Name: Text{"Torque sensors, Works 4", "第4工場 トルクセンサー"},
			About: Text{"Just above the bar of 88", "基準の88点をわずかに上回る"}, Boundary: Text{"Building 2", "2号棟"},
			Plan: "SSP-HAM 1.2", PlanAge: 88, Takes: everyService, Open: []string{"3.1.4", "3.1.6", "3.1.7", "3.1.9", "3.1.10", "3.1.11", "3.1.15", "3.1.21", "3.2.3", "3.4.3", "3.4.4", "3.4.9", "3.7.3", "3.7.6", "3.8.4", "3.8.5", "3.8.6", "3.10.6", "3.13.3", "3.13.4", "3.13.10"},
			Status: "conditional", Age: 41, Form: "self", Signed: []int{41}, Course: []int{44, 52, 61, 74, 83, 88, 89},
			Leads:  []Lead{{"3.1.4[a]", "p-shimizu", 30}, {"3.4.3[a]", "p-shimizu", 60}},
			Things: []Thing{{Text{"Calibration PCs (9)", "校正PC(9台)"}, "cui", "HAM-CAL", "s"}, line("Line 1", "ライン1", "HAM-L1")}},
		{ID: "firmware-fukuoka", Unit: "software-fukuoka", Entity: "kirishio-software", Level: 2, Name: Text{"Firmware, Fukuoka", "福岡 ファームウエア"},
			About: Text{"Source of controllers; encryption in use is not validated yet", "制御装置のソース。使用中の暗号は未認証"}, Boundary: Text{"Build network", "ビルドネットワーク"},
			Plan: "SSP-FUK 2.0", PlanAge: 120, Takes: everyService, Open: []string{"3.13.11"}, Partial: []string{"3.13.11"}, NA: []string{"3.10.6"},
			Status: "conditional", Age: 97, Form: "c3pao", Assessor: "Harbor Assessments Inc.", Signed: []int{97}, Course: []int{88, 95, 103, 107, 107, 107},
			Things: []Thing{{Text{"Build servers (12)", "ビルドサーバー(12台)"}, "cui", "FUK-BLD", ""}}},
		{ID: "archive-inzai", Unit: "datacenter", Entity: "kirishio", Level: 2, Name: Text{"Contract archive, Inzai", "印西 契約文書保管庫"},
			About: Text{"Documents of contracts that have ended", "終了した契約の文書"}, Boundary: Text{"Two racks, room 3", "3号室の2ラック"},
			Plan: "SSP-INZ 1.9", PlanAge: 300, Takes: everyService, Status: "final", Age: 386, Form: "self", Signed: []int{386}, Course: []int{110, 110, 110, 110},
			Temporary: []string{"3.11.2[b]"}, Things: []Thing{{Text{"Storage arrays (2)", "ストレージ(2台)"}, "cui", "INZ-ST", ""}}},
		{ID: "drive-units-ohio", Unit: "mobility-usa", Entity: "kirishio-ohio", Level: 2, Name: Text{"Drive units, Ohio", "オハイオ 駆動装置"},
			About: Text{"The largest contract of the Americas", "米州最大の契約"}, Boundary: Text{"Plant floor B and engineering", "B棟と技術部"},
			Plan: "SSP-DAY 0.9", PlanAge: 30, Takes: everyService, Open: []string{"3.1.3", "3.1.5", "3.4.1[c]", "3.4.6", "3.8.1", "3.8.7", "3.11.1", "3.13.8", "3.1.20"}, Unknown: []string{"3.4.7", "3.12.2", "3.8.3"}, Course: []int{-12, 8, 31, 44, 58},
			Leads:  []Lead{{"3.8.7[a]", ManagerAmer, 21}, {"3.11.1[a]", ManagerAmer, 45}},
			Things: []Thing{{Text{"Engineering PCs (31)", "技術PC(31台)"}, "cui", "DAY-PC", "sd"}, line("Winding cell 6", "巻線セル6", "DAY-W6")}},
		{ID: "breakers-charlotte", Unit: "electric-usa", Entity: "kirishio-electric-usa", Level: 2, Name: Text{"Breakers for bases, Charlotte", "シャーロット 基地向け遮断器"},
			About: Text{"Service manuals and site plans of bases", "基地の保守手順書と配置図"}, Boundary: Text{"Service department", "保守部"},
			Plan: "SSP-CLT 1.4", PlanAge: 75, Takes: []string{"group-identity", "group-soc", "group-network"}, Open: []string{"3.1.9", "3.1.21", "3.8.6", "3.13.12"}, Unknown: []string{"3.9.2[b]"},
			Status: "", Course: []int{70, 88, 95, 101}, Things: []Thing{{Text{"Service laptops (18)", "保守用ノートPC(18台)"}, "cui", "CLT-LT", ""}}},
		{ID: "defence-munich", Unit: "sales-germany", Entity: "kirishio-germany", Level: 2, Name: Text{"Defence sales, Munich", "ミュンヘン 防衛営業"},
			About: Text{"Offers with drawings; half of it not yet looked at", "図面付き見積り。半分は未確認"}, Boundary: Text{"Third floor", "3階"},
			Plan: "SSP-MUN 0.3", PlanAge: 12, Takes: []string{"group-identity", "group-soc", "document-cloud"}, Open: []string{"3.1.18", "3.8.2", "3.2.2"}, Unknown: []string{"3.4.1", "3.4.2", "3.4.5", "3.4.6", "3.8.1", "3.8.3", "3.9.1", "3.9.2", "3.11.1", "3.11.2", "3.11.3", "3.12.1", "3.12.2", "3.13.2", "3.14.1", "3.14.2"}, Course: []int{-90, -40, -7},
			Things: []Thing{{Text{"Sales laptops (7)", "営業ノートPC(7台)"}, "cui", "MUN-LT", "isd"}}},
		{ID: "castings-brno", Unit: "works-brno", Entity: "kirishio-czech", Level: 2, Name: Text{"Castings, Brno", "ブルノ 鋳造部品"},
			About: Text{"Begun last month: there is no security plan yet", "先月開始。SSP はまだない"}, Boundary: Text{"To be drawn", "未定義"},
			Takes: []string{"group-identity", "group-soc"}, Open: []string{"3.1.1", "3.4.1", "3.4.2", "3.8.3"}, Unknown: []string{"3.12.4", "3.9.1", "3.11.1", "3.11.2"}},
		{ID: "relays-rayong", Unit: "automation-thailand", Entity: "kirishio-thailand", Level: 2, Name: Text{"Relays, Rayong", "ラヨーン 継電器"},
			About: Text{"Sign-in with several factors is still being rolled out", "多要素認証は展開中"}, Boundary: Text{"Line 3 and its office", "ライン3と事務所"},
			Plan: "SSP-RAY 1.0", PlanAge: 50, Takes: everyService, Open: []string{"3.1.21", "3.2.3", "3.8.4"}, Course: []int{20, 55, 80, 92, 92},
			Things: []Thing{line("Line 3", "ライン3", "RAY-L3"), {Text{"Office PCs (11)", "事務PC(11台)"}, "cui", "RAY-PC", ""}}},
		{ID: "panels-fukuyama", Unit: "switchgear", Entity: "kirishio-switchgear", Level: 1, Name: Text{"Panels, Fukuyama", "福山 配電盤"},
			About: Text{"Contract information alone: Level 1", "契約情報のみ（レベル1）"}, Boundary: Text{"Sales and shipping", "営業・出荷"},
			Plan: "SSP-SWG 1.0", PlanAge: 140, Takes: []string{"group-identity"}, Status: "final", Age: 133, Form: "self", Signed: []int{133},
			Things: []Thing{{Text{"Office PCs (20)", "事務PC(20台)"}, "cui", "SWG-PC", ""}}},
	}
}

// RolledOut are the units in which everybody has a passkey.
var RolledOut = map[string]bool{"works-nagoya": true, "precision-ueda": true, "works-himeji": true, "research": true, "works-hamamatsu": true, "software-fukuoka": true,
	"datacenter": true, "infosec": true, "infosec-csirt": true, "infosec-ot": true, "infosec-product": true, "infosec-privacy": true, "head-office": true, "electric-usa": true}

// Papers are documents that stand behind an enclave's objectives, by family.
var Papers = []struct {
	Families string // first part of the requirements
	Name     Text
	Body     Text
	Valid    int // days
}{
	{"3.1.", Text{"Access control procedure.md", "アクセス管理手順.md"}, Text{"# Access control procedure\n\nWho may connect is decided by the owner of the data. Accounts are asked for in writing and reviewed each quarter.\n", "# アクセス管理手順\n\n接続の可否はデータの所有者が決める。アカウントは書面で申請し、四半期ごとに見直す。\n"}, 365},
	{"3.3.", Text{"Logging standard.md", "ログ基準.md"}, Text{"# Logging standard\n\nWhat is logged, for how long it is kept, and who reads it.\n", "# ログ基準\n\n記録する内容、保存期間、閲覧者を定める。\n"}, 365},
	{"3.4.", Text{"Baseline of computers.md", "端末の基準構成.md"}, Text{"# Baseline of computers\n\nThe configuration that every computer starts from, and how a change is approved.\n", "# 端末の基準構成\n\nすべての端末の初期構成と変更の承認手順。\n"}, 180},
	{"3.5.", Text{"Sign-in rules.md", "認証規則.md"}, Text{"# Sign-in rules\n\nSeveral factors for everybody; passkeys bound to hardware for those who administer.\n", "# 認証規則\n\n全員が多要素認証を使い、管理者はハードウェアに結び付いたパスキーを使う。\n"}, 365},
	{"3.6.", Text{"Incident response plan.md", "インシデント対応計画.md"}, Text{"# Incident response plan\n\nWho is called, who decides, who reports within 72 hours. Tested each year.\n", "# インシデント対応計画\n\n連絡先、決定者、72時間以内の報告者。毎年訓練する。\n"}, 365},
	{"3.12.", Text{"Assessment plan.md", "評価計画.md"}, Text{"# Assessment plan\n\nWhich controls are looked at in which month.\n", "# 評価計画\n\n月ごとに確認する統制の一覧。\n"}, 365},
	{"3.14.", Text{"Patch and protection procedure.md", "パッチ・保護手順.md"}, Text{"# Patch and protection procedure\n\nFlaws are corrected within 14 days, grave ones within 48 hours.\n", "# パッチ・保護手順\n\n欠陥は14日以内、重大なものは48時間以内に修正する。\n"}, 365},
}

// HasEnclave tells whether people of the unit work in an enclave.
func HasEnclave(unit string) bool {
	for _, e := range Enclaves() {
		if e.Unit == unit {
			return true
		}
	}
	return false
}

// Newcomer is who begins at Works 1 on the evening of the demo, without a passkey.
func Newcomer() Employee {
	return Employee{ID: "e-works-nagoya-new", Name: Text{"Kento Arai", "新井 健人"}, Mail: "kento.arai.nag@kirishio.example", Unit: "works-nagoya", Lang: "ja", Zone: "Asia/Tokyo"}
}
