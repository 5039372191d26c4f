package demo

// Measure is something that the division pays for on the way to CMMC.
type Measure struct {
	Unit     string
	Name     Text
	Note     Text
	Million  int64 // yen
	Months   int
	Year     int // fiscal years from that of the day of the demo
	Closes   string
	Partial  []string
	Enclaves []string
	By       string // who proposed it
	State    string // of its life; "" is proposed
	Ago      int    // days since it was proposed
	Spent    []int  // per cent of the cost, month by month from its approval on
}

// Budgets are those of the group by fiscal year, in millions of yen.
var Budgets = map[int]int64{-1: 11_500, 0: 18_200, 1: 14_800, 2: 8_600}

// Measures returns the programme: what is done, what runs, and what waits for the
// officer.
func Measures() []Measure {
	return []Measure{
		{Unit: Root, Name: Text{"One sign-in with several factors", "多要素認証基盤の統一"}, Note: Text{"Group sign-in for every application and every way in from outside", "全アプリケーションと社外からの接続をグループ認証基盤に統一"},
			Million: 6_400, Months: 14, Year: -1, Closes: "3.5.3 3.5.4", By: HeadOfIt, State: "done", Ago: 600, Spent: []int{4, 8, 8, 10, 10, 12, 12, 10, 10, 8, 8}},
		{Unit: Root, Name: Text{"Logs of all sites in one place", "全拠点ログの集約"}, Million: 3_900, Months: 10, Year: -1, Closes: "3.3.1 3.3.2 3.3.5", By: CsirtLead, State: "done", Ago: 520, Spent: []int{10, 12, 12, 14, 14, 14, 12, 12}},
		{Unit: Root, Name: Text{"Validated encryption in mail, files and remote access", "検証済み暗号への置き換え"}, Note: Text{"Modules with a certificate under FIPS 140 instead of those without", "FIPS 140 認証済みモジュールへの置き換え"},
			Million: 5_200, Months: 12, Year: 0, Closes: "3.13.11", By: HeadOfIt, State: "running", Ago: 260, Spent: []int{6, 9, 9, 11, 11, 7}},
		{Unit: Root, Name: Text{"A passkey on the first day, everywhere", "入社初日のパスキー登録"}, Million: 36, Months: 2, Closes: "3.5.3", By: CsirtLead, Ago: 4},
		{Unit: "works-himeji", Name: Text{"Drawings and notices of Works 3", "第3工場 図面管理と表示"}, Million: 180, Months: 4, Closes: "3.1.9 3.4.9 3.8.5", Enclaves: []string{"naval-himeji"}, By: CsirtLead, State: "running", Ago: 120, Spent: []int{20, 25, 25}},
		{Unit: "works-himeji", Name: Text{"Maintenance under supervision, Works 3", "第3工場 保守作業の立会い"}, Million: 95, Months: 3, Closes: "3.5.5 3.7.6 3.13.14", Enclaves: []string{"naval-himeji"}, By: CsirtLead, Ago: 24},
		{Unit: "works-hamamatsu", Name: Text{"Rules of access, Works 4", "第4工場 アクセス管理"}, Million: 420, Months: 6, Closes: "3.1.4 3.1.6 3.1.7 3.1.9 3.1.10 3.1.11", Enclaves: []string{"torque-hamamatsu"}, By: HeadOfIt, State: "approved", Ago: 60, Spent: []int{35}},
		{Unit: "works-hamamatsu", Name: Text{"Wireless, remote access and media, Works 4", "第4工場 無線・リモート・媒体"}, Million: 310, Months: 5, Year: 1, Closes: "3.1.15 3.1.21 3.8.4 3.8.5 3.8.6", Enclaves: []string{"torque-hamamatsu"}, By: HeadOfIt, Ago: 35},
		{Unit: "works-hamamatsu", Name: Text{"Change control and maintenance, Works 4", "第4工場 変更管理・保守"}, Million: 260, Months: 7, Year: 1, Closes: "3.2.3 3.4.3 3.4.4 3.4.9 3.7.3 3.7.6 3.10.6", Enclaves: []string{"torque-hamamatsu"}, By: HeadOfIt, Ago: 35},
		{Unit: "works-hamamatsu", Name: Text{"Rebuild the network of Works 4", "第4工場 ネットワーク再構築"}, Note: Text{"Dearer than the parts, and closes all of them", "個別対策より高額だが、すべてをまとめて解消"},
			Million: 1_900, Months: 11, Year: 1, Closes: "3.1.4 3.1.6 3.1.7 3.1.9 3.1.10 3.1.11 3.1.15 3.1.21 3.2.3 3.4.3 3.4.4 3.4.9 3.7.3 3.7.6 3.8.4 3.8.5 3.8.6 3.10.6 3.13.3 3.13.4 3.13.10 3.13.12 3.13.13 3.13.14 3.13.16", Enclaves: []string{"torque-hamamatsu"}, By: CsirtLead, Ago: 20},
		{Unit: "works-hamamatsu", Name: Text{"Separation and keys, Works 4", "第4工場 機能分離と鍵管理"}, Million: 240, Months: 5, Year: 1, Closes: "3.13.3 3.13.4 3.13.10", Enclaves: []string{"torque-hamamatsu"}, By: HeadOfIt, Ago: 34},
		{Unit: "datacenter", Name: Text{"Yearly assessment of what protects Inzai", "印西 対策の年次評価"}, Million: 12, Months: 1, Closes: "3.12.1", Enclaves: []string{"archive-inzai"}, By: CsirtLead, Ago: 6},
		{Unit: "mobility-usa", Name: Text{"Flow of CUI and least privilege, Ohio", "オハイオ CUI の流れと最小権限"}, Million: 520, Months: 6, Closes: "3.1.3 3.1.5 3.1.20", Enclaves: []string{"drive-units-ohio"}, By: HeadOfIt, State: "running", Ago: 150, Spent: []int{10, 15, 15, 12}},
		{Unit: "mobility-usa", Name: Text{"Inventory and least functionality, Ohio", "オハイオ 構成管理と最小機能"}, Million: 340, Months: 5, Closes: "3.4.1 3.4.6 3.4.7", Enclaves: []string{"drive-units-ohio"}, By: HeadOfIt, Ago: 40},
		{Unit: "mobility-usa", Name: Text{"Media and risk assessment, Ohio", "オハイオ 媒体とリスク評価"}, Million: 210, Months: 4, Closes: "3.8.1 3.8.3 3.8.7 3.11.1 3.12.2", Enclaves: []string{"drive-units-ohio"}, By: HeadOfIt, Ago: 40},
		{Unit: "mobility-usa", Name: Text{"Encrypted transport, Ohio", "オハイオ 通信の暗号化"}, Million: 150, Months: 3, Closes: "3.13.8", Enclaves: []string{"drive-units-ohio"}, By: HeadOfIt, Ago: 38},
		{Unit: "electric-usa", Name: Text{"Notices, portable media, conferences, Charlotte", "シャーロット 表示・媒体・会議機器"}, Million: 88, Months: 3, Closes: "3.1.9 3.1.21 3.8.6 3.13.12 3.9.2", Enclaves: []string{"breakers-charlotte"}, By: HeadOfIt, Ago: 16},
		{Unit: "sales-germany", Name: Text{"Mobile devices and media, Munich", "ミュンヘン 携帯端末と媒体"}, Million: 130, Months: 4, Closes: "3.1.18 3.8.1 3.8.2 3.8.3", Enclaves: []string{"defence-munich"}, By: ManagerEurope, Ago: 50},
		{Unit: "sales-germany", Name: Text{"Inventory, hardening and training, Munich", "ミュンヘン 台帳・要塞化・教育"}, Million: 240, Months: 6, Closes: "3.2.2 3.4.1 3.4.2 3.4.5 3.4.6 3.9.1 3.9.2 3.11.1 3.11.2", Enclaves: []string{"defence-munich"}, By: ManagerEurope, Ago: 50},
		{Unit: "sales-germany", Name: Text{"Factors, flaws and assessments, Munich", "ミュンヘン 多要素認証・脆弱性・評価"}, Million: 175, Months: 6, Closes: "3.5.3 3.11.3 3.12.1 3.12.2 3.13.2 3.14.1 3.14.2", Enclaves: []string{"defence-munich"}, By: ManagerEurope, Ago: 44},
		{Unit: "automation-thailand", Name: Text{"Log sources and factors, Rayong", "ラヨーン ログ収集と多要素認証"}, Million: 58, Months: 2, Closes: "3.3.1 3.3.4 3.5.3", Enclaves: []string{"relays-rayong"}, By: HeadOfIt, Ago: 9},
		{Unit: "works-brno", Name: Text{"System security plan and inventory, Brno", "ブルノ SSP 策定と台帳"}, Million: 160, Months: 5, Closes: "3.1.1 3.4.1 3.4.2 3.8.3 3.9.1 3.11.1 3.11.2 3.12.4", Enclaves: []string{"castings-brno"}, By: ManagerEurope, Ago: 12},
		{Unit: "automation-thailand", Name: Text{"Insider threats, media, portable storage, Rayong", "ラヨーン 内部脅威・媒体"}, Million: 64, Months: 3, Closes: "3.1.21 3.2.3 3.8.4", Enclaves: []string{"relays-rayong"}, By: HeadOfIt, Ago: 30},
		{Unit: "research", Name: Text{"Exercises and isolation, Tsukuba (Level 3)", "つくば 演習と分離（レベル3）"}, Million: 780, Months: 8, Year: 1, Closes: "3.2.2e 3.13.4e", Enclaves: []string{"sensing-tsukuba"}, By: CsirtLead, Ago: 22},
		{Unit: Root, Name: Text{"Smart cards for visitors", "来訪者用スマートカード"}, Million: 700, Months: 9, Year: 0, Closes: "3.10.4", By: HeadOfIt, State: "dropped", Ago: 200},
	}
}
