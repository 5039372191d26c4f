package demo

// The kinds of units. Units of KindRegion form the geography, all others the
// ownership.
const (
	KindGroup      = "group"
	KindDivision   = "division"
	KindBusiness   = "business-group"
	KindSite       = "site"
	KindPlant      = "plant"
	KindCompany    = "company"
	KindRegion     = "region"
	KindDepartment = "department"
)

// Root is the id of the whole group.
const Root = "kirishio"

// Unit is a part of the group. Parent is who owns it, Region where it lies:
// two trees over the same units.
type Unit struct {
	ID       string
	Name     Text
	Kind     string
	Parent   string // empty for the root alone
	Region   string // id of a unit of KindRegion; empty for the world alone
	Country  string // ISO 3166-1 alpha-2, empty where it spans several
	Language string // what its people speak, as a BCP 47 tag
	Zone     string // IANA name
	Calendar string // name of the working calendar
	People   int    // head count, own staff only

	// Code is the three letters in the names of its hosts, Net the second
	// number of its 10.n.0.0/16; both empty where it has no computers of its
	// own. A plant's machines live in 10.(Net+100).0.0/16.
	Code string
	Net  int
}

var languages = map[string]string{
	"": "en", "JP": "ja", "SG": "en", "DE": "de", "US": "en", "NL": "nl", "SE": "sv", "IT": "it", "TH": "th", "CN": "zh", "GB": "en", "BR": "pt", "CZ": "cs", "MX": "es",
}

// Units returns the group, owners before what they own.
func Units() []Unit {
	u := func(id, en, ja, kind, parent, region, country, zone, calendar string, people int, code string, net int) Unit {
		return Unit{id, Text{en, ja}, kind, parent, region, country, languages[country], zone, calendar, people, code, net}
	}
	const tokyo, office, works = "Asia/Tokyo", "jp-office", "jp-works"
	return []Unit{
		u(Root, "Kirishio Group", "霧潮グループ", KindGroup, "", "world", "JP", tokyo, office, 0, "", 0),

		u("world", "World", "全世界", KindRegion, Root, "", "", "UTC", "", 0, "", 0),
		u("asia", "Asia", "アジア", KindRegion, Root, "world", "", "Asia/Singapore", "", 0, "", 0),
		u("japan", "Japan", "日本", KindRegion, Root, "asia", "JP", tokyo, office, 0, "", 0),
		u("europe", "Europe", "欧州", KindRegion, Root, "world", "", "Europe/Berlin", "", 0, "", 0),
		u("americas", "Americas", "米州", KindRegion, Root, "world", "", "America/Chicago", "", 0, "", 0),

		u("head-office", "Head Office, Yokohama", "本社(横浜)", KindSite, Root, "japan", "JP", tokyo, office, 3200, "yok", 20),
		u("infosec", "Corporate Information Security Division", "情報セキュリティ本部", KindDivision, Root, "japan", "JP", tokyo, office, 85, "", 0),
		u("infosec-csirt", "CSIRT Department", "CSIRT部", KindDepartment, "infosec", "japan", "JP", tokyo, office, 24, "", 0),
		u("infosec-ot", "Factory Security Department", "工場セキュリティ部", KindDepartment, "infosec", "japan", "JP", tokyo, office, 14, "", 0),
		u("infosec-product", "Product Security Department", "製品セキュリティ部", KindDepartment, "infosec", "japan", "JP", tokyo, office, 16, "", 0),
		u("infosec-privacy", "Information and Privacy Department", "情報管理・個人情報保護部", KindDepartment, "infosec", "japan", "JP", tokyo, office, 18, "", 0),
		u("datacenter", "Group Data Centre, Inzai", "グループデータセンター(印西)", KindSite, Root, "japan", "JP", tokyo, office, 60, "inz", 21),
		u("research", "Research Centre, Tsukuba", "研究開発センター(つくば)", KindSite, Root, "japan", "JP", tokyo, office, 740, "tsu", 22),

		u("office-asia", "Asia Regional Office", "アジア統括事務所", KindSite, Root, "asia", "SG", "Asia/Singapore", "sg", 90, "sin", 23),
		u("office-europe", "Europe Regional Office", "欧州統括事務所", KindSite, Root, "europe", "DE", "Europe/Berlin", "de-nw", 110, "dus", 40),
		u("office-americas", "Americas Regional Office", "米州統括事務所", KindSite, Root, "americas", "US", "America/Chicago", "us", 120, "chi", 60),

		u("electric", "Electric Systems", "電機システム事業本部", KindBusiness, Root, "japan", "JP", tokyo, office, 410, "", 0),
		u("works-himeji", "Works 3, Himeji", "第3工場(姫路)", KindPlant, "electric", "japan", "JP", tokyo, works, 2600, "him", 24),
		u("works-fukuyama", "Works 5, Fukuyama", "第5工場(福山)", KindPlant, "electric", "japan", "JP", tokyo, works, 1900, "fuk", 25),
		u("office-osaka", "Osaka Office", "大阪事業所", KindSite, "electric", "japan", "JP", tokyo, office, 620, "osa", 26),
		u("switchgear", "Kirishio Switchgear", "霧潮スイッチギヤ", KindCompany, "works-fukuyama", "japan", "JP", tokyo, works, 480, "swg", 27),
		u("sales-benelux", "Kirishio Sales Benelux B.V.", "霧潮ベネルクス販売", KindCompany, "electric", "europe", "NL", "Europe/Amsterdam", "nl", 140, "ams", 41),
		u("sales-germany", "Kirishio Germany GmbH", "霧潮ドイツ", KindCompany, "electric", "europe", "DE", "Europe/Berlin", "de-nw", 260, "mun", 42),
		u("sales-nordic", "Kirishio Nordic AB", "霧潮ノルディック", KindCompany, "electric", "europe", "SE", "Europe/Stockholm", "se", 75, "sto", 43),
		u("drives-italy", "Kirishio Drives Italia S.p.A.", "霧潮ドライブ・イタリア", KindCompany, "electric", "europe", "IT", "Europe/Rome", "it", 310, "bol", 44),
		u("electric-usa", "Kirishio Electric USA Inc.", "霧潮電機USA", KindCompany, "electric", "americas", "US", "America/New_York", "us", 390, "clt", 61),

		u("automation", "Factory Automation", "FA事業本部", KindBusiness, Root, "japan", "JP", tokyo, office, 360, "", 0),
		u("works-nagoya", "Works 1, Nagoya", "第1工場(名古屋)", KindPlant, "automation", "japan", "JP", tokyo, works, 3800, "nag", 28),
		u("works-kanazawa", "Works 2, Kanazawa", "第2工場(金沢)", KindPlant, "automation", "japan", "JP", tokyo, works, 1450, "kan", 29),
		u("precision-ueda", "Kirishio Precision Ueda", "霧潮精密上田", KindCompany, "works-nagoya", "japan", "JP", tokyo, works, 200, "ued", 30),
		u("software-fukuoka", "Kirishio Software Fukuoka", "霧潮ソフトウエア福岡", KindCompany, "automation", "japan", "JP", tokyo, office, 330, "fko", 31),
		u("automation-thailand", "Kirishio Automation Thailand Ltd.", "霧潮オートメーション・タイ", KindCompany, "automation", "asia", "TH", "Asia/Bangkok", "th", 870, "ray", 32),
		u("automation-china", "Kirishio Automation Suzhou Ltd.", "霧潮オートメーション蘇州", KindCompany, "automation", "asia", "CN", "Asia/Shanghai", "cn", 640, "suz", 33),
		u("automation-uk", "Kirishio Automation UK Ltd.", "霧潮オートメーション英国", KindCompany, "automation", "europe", "GB", "Europe/London", "gb", 150, "mkc", 45),
		u("automation-brazil", "Kirishio do Brasil Ltda.", "霧潮ブラジル", KindCompany, "automation", "americas", "BR", "America/Sao_Paulo", "br", 280, "spo", 62),

		u("mobility", "Mobility Components", "モビリティ機器事業本部", KindBusiness, Root, "japan", "JP", tokyo, office, 290, "", 0),
		u("works-hamamatsu", "Works 4, Hamamatsu", "第4工場(浜松)", KindPlant, "mobility", "japan", "JP", tokyo, works, 2200, "ham", 34),
		u("mobility-czech", "Kirishio Mobility Czech s.r.o.", "霧潮モビリティ・チェコ", KindCompany, "mobility", "europe", "CZ", "Europe/Prague", "cz", 720, "brn", 46),
		u("works-brno", "Brno Plant", "ブルノ工場", KindPlant, "mobility-czech", "europe", "CZ", "Europe/Prague", "cz", 610, "brp", 47),
		u("mobility-mexico", "Kirishio Mobility México S.A.", "霧潮モビリティ・メキシコ", KindCompany, "mobility", "americas", "MX", "America/Mexico_City", "mx", 900, "qro", 63),
		u("mobility-usa", "Kirishio Mobility Ohio LLC", "霧潮モビリティ・オハイオ", KindCompany, "mobility", "americas", "US", "America/New_York", "us", 540, "day", 64),
		u("logistics", "Kirishio Logistics", "霧潮物流", KindCompany, Root, "japan", "JP", tokyo, office, 350, "log", 35),
	}
}

// Find returns the unit with that id.
func Find(id string) (Unit, bool) {
	for _, u := range Units() {
		if u.ID == id {
			return u, true
		}
	}
	return Unit{}, false
}

// hasMachines tells whether the unit has a line with controllers.
func (u Unit) hasMachines() bool {
	return u.Kind == KindPlant || u.ID == "automation-thailand" || u.ID == "mobility-mexico" || u.ID == "precision-ueda"
}
