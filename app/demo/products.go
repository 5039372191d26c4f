package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// ProductFamily is a series of products of the group.
type ProductFamily struct {
	Name   Text
	Scheme string // how its versions are ordered, as area/psirt/product has it
	Unit   string
}

// MadeProduct is a product of the group.
type MadeProduct struct {
	Name     Text
	Family   string
	Unit     string
	Software bool
	Models   []string
	Rev      string // a second hardware revision of the first model
	Versions []MadeVersion
	CPE      string
	PURL     string
}

// MadeVersion is a version with when it came out and until when it is supported.
type MadeVersion struct {
	Version    string
	Released   time.Time
	SupportEnd time.Time // zero: as long as the product
	Bill       []byte    // a bill of materials in CycloneDX; nil: none
}

// ProductVendor is the name under which the group sells.
var ProductVendor = Text{"Kirishio", "霧潮"}

// ProductFamilies are six series whose versions are ordered in five ways.
func ProductFamilies() []ProductFamily {
	return []ProductFamily{
		{Text{"Kagari K7 Series", "カガリK7シリーズ"}, "lettered", "works-nagoya"},
		{Text{"Kagari K2 Series", "カガリK2シリーズ"}, "lettered", "works-kanazawa"},
		{Text{"Mado Series", "マドシリーズ"}, "dotted", "works-himeji"},
		{Text{"Suisha Series", "スイシャシリーズ"}, "letters:Ver. ", "works-fukuyama"},
		{Text{"Kumiki Studio", "クミキスタジオ"}, "semver", "software-fukuoka"},
		{Text{"Tsubame Series", "ツバメシリーズ"}, "date", "works-hamamatsu"},
	}
}

// line is a product in short: what its versions are made of follows from the family.
type madeLine struct {
	en, ja string
	family int
	unit   string
	models []string
	rev    string
	parts  string // "", "net" or "os": what its firmware is made of
	age    int    // months since the newest version
}

// Products are those of the group at a time.
func Products(now time.Time) []MadeProduct {
	families := ProductFamilies()
	var all []MadeProduct
	for n, l := range madeLines {
		f := families[l.family]
		p := MadeProduct{Name: Text{l.en, l.ja}, Family: f.Name.En, Unit: l.unit, Models: l.models, Rev: l.rev, Software: l.family == 4}
		if p.Unit == "" {
			p.Unit = f.Unit
		}
		slug := fmt.Sprintf("p%02d", n+1)
		part := "o"
		if p.Software {
			part, p.PURL = "a", "pkg:generic/kirishio/"+slug
		}
		p.CPE = "cpe:2.3:" + part + ":kirishio:" + slug + ":*:*:*:*:*:*:*:*"
		p.Versions = madeVersions(p, l, n, now)
		all = append(all, p)
	}
	return all
}

// madeVersions are four versions, half a year apart; those of old products have no
// support any more.
func madeVersions(p MadeProduct, l madeLine, n int, now time.Time) (all []MadeVersion) {
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC).AddDate(0, -l.age, -n%20)
	for i := range 4 {
		step := 3 - i // how many versions ago
		v := MadeVersion{Released: day.AddDate(0, -7*step, 0)}
		switch {
		case l.age > 60:
			v.SupportEnd = day.AddDate(5, 0, 0)
		case step > 1:
			v.SupportEnd = v.Released.AddDate(2, 0, 0)
		}
		k := 4*i + n%4
		switch l.family {
		case 0, 1:
			v.Version = fmt.Sprintf("1.%02d%c", k, 'A'+rune(k))
		case 2:
			v.Version = fmt.Sprintf("01.%02d.000", 20+k)
		case 3:
			v.Version = string('A' + rune(i+n%3))
		case 4:
			v.Version = fmt.Sprintf("%d.%d.%d", 2+n%2, 3+i, n%3)
		case 5:
			v.Version = v.Released.Format(time.DateOnly)
		}
		if l.parts != "" {
			v.Bill = madeBill(p, v, l.parts, step)
		}
		all = append(all, v)
	}
	return all
}

// madePart is an open component with its versions, the newest first.
type madePart struct {
	name, kind, license string
	versions            [4]string
}

var madeParts = map[string][]madePart{
	"net": {
		{"lwip", "pkg:github/lwip-tcpip/lwip", "BSD-3-Clause", [4]string{"2.2.0", "2.1.3", "2.1.2", "2.1.2"}},
		{"mbedtls", "pkg:github/mbed-tls/mbedtls", "Apache-2.0", [4]string{"3.6.0", "2.28.8", "2.28.3", "2.16.12"}},
		{"zlib", "pkg:generic/zlib", "Zlib", [4]string{"1.3.1", "1.3", "1.2.13", "1.2.11"}},
	},
	"os": {
		{"openssl", "pkg:generic/openssl", "Apache-2.0", [4]string{"3.0.14", "3.0.13", "3.0.8", "1.1.1k"}},
		{"busybox", "pkg:generic/busybox", "GPL-2.0-only", [4]string{"1.36.1", "1.36.1", "1.35.0", "1.33.1"}},
		{"expat", "pkg:github/libexpat/libexpat", "MIT", [4]string{"2.6.2", "2.5.0", "2.4.8", "2.2.10"}},
		{"sqlite", "pkg:generic/sqlite", "blessing", [4]string{"3.45.1", "3.44.0", "3.41.2", "3.34.1"}},
		{"zlib", "pkg:generic/zlib", "Zlib", [4]string{"1.3.1", "1.3", "1.2.13", "1.2.11"}},
	},
}

// madeBill is a bill of materials in CycloneDX 1.6.
func madeBill(p MadeProduct, v MadeVersion, parts string, step int) []byte {
	type object map[string]any
	var components []object
	var refs []string
	for _, c := range madeParts[parts] {
		version := c.versions[step]
		ref := c.kind + "@" + version
		refs = append(refs, ref)
		components = append(components, object{"bom-ref": ref, "type": "library", "name": c.name, "version": version, "purl": ref,
			"supplier": object{"name": c.name + " project"}, "licenses": []object{{"expression": c.license}}})
	}
	bill := object{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": object{"timestamp": v.Released.Format(time.RFC3339), "authors": []object{{"name": "Kirishio build service"}},
			"component": object{"bom-ref": "self", "type": "firmware", "name": p.Name.En, "version": v.Version}},
		"components": components, "dependencies": []object{{"ref": "self", "dependsOn": refs}}}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	_ = e.Encode(bill) // maps of texts can be written
	return b.Bytes()
}

var madeLines = []madeLine{
	{"K7 CPU module", "K7 CPUユニット", 0, "", []string{"K704CPU", "K708CPU", "K716CPU", "K732CPU"}, "Rev. B", "net", 2},
	{"K7 Ethernet CPU module", "K7 Ethernet内蔵CPUユニット", 0, "", []string{"K704ENCPU", "K708ENCPU", "K716ENCPU", "K732ENCPU"}, "", "net", 2},
	{"K7 safety CPU module", "K7 安全CPUユニット", 0, "", []string{"K708SFCPU", "K716SFCPU"}, "", "net", 5},
	{"K7 motion CPU module", "K7 モーションCPUユニット", 0, "precision-ueda", []string{"K716MTCPU", "K732MTCPU"}, "", "", 4},
	{"K7 Ethernet interface module", "K7 Ethernetインタフェースユニット", 0, "", []string{"K7EN71"}, "Rev. C", "net", 7},
	{"K7 OPC UA server module", "K7 OPC UAサーバユニット", 0, "software-fukuoka", []string{"K7UA96"}, "", "os", 3},
	{"K7 data logger module", "K7 データロガーユニット", 0, "", []string{"K7DL96"}, "", "os", 9},
	{"K7 serial communication module", "K7 シリアルコミュニケーションユニット", 0, "", []string{"K7C24", "K7C24-R2", "K7C24-R4"}, "", "", 30},
	{"K7 information module", "K7 情報連携ユニット", 0, "automation-thailand", []string{"K7MES96"}, "", "os", 11},
	{"K7 remote head module", "K7 リモートヘッドユニット", 0, "automation-china", []string{"K7RH15-T2"}, "", "net", 6},

	{"K2U compact controller", "K2U 小形コントローラ", 1, "", []string{"K2U-16MT/ES", "K2U-16MR/ES", "K2U-32MT/ES", "K2U-32MR/ES", "K2U-64MT/ES", "K2U-64MR/ES"}, "Rev. B", "net", 1},
	{"K2UC compact controller", "K2UC 小形コントローラ", 1, "", []string{"K2UC-32MT/D", "K2UC-32MT/DS", "K2UC-96MT/D", "K2UC-96MT/DS"}, "", "net", 1},
	{"K2S entry controller", "K2S エントリコントローラ", 1, "automation-thailand", []string{"K2S-30MT/ES", "K2S-40MT/ES", "K2S-60MT/ES"}, "", "", 8},
	{"K2J controller", "K2J コントローラ", 1, "", []string{"K2J-24MT/ES", "K2J-40MT/ES", "K2J-40MT/ES-A"}, "", "net", 10},
	{"K2 Ethernet adapter", "K2 Ethernetアダプタ", 1, "", []string{"K2-ENET", "K2-ENET/IP"}, "", "net", 14},
	{"K2 OPC UA adapter", "K2 OPC UAアダプタ", 1, "software-fukuoka", []string{"K2-UA"}, "", "os", 5},
	{"K2 safety extension", "K2 安全拡張ユニット", 1, "", []string{"K2-SF08"}, "", "", 26},
	{"K1 controller", "K1 コントローラ", 1, "", []string{"K1-14MR", "K1-24MR"}, "", "", 74},

	{"Mado 27 operator panel", "マド27 表示器", 2, "", []string{"MD2708-S", "MD2710-S", "MD2715-X"}, "Rev. B", "os", 3},
	{"Mado 25 operator panel", "マド25 表示器", 2, "", []string{"MD2507-W", "MD2510-W"}, "", "os", 3},
	{"Mado 21 operator panel", "マド21 表示器", 2, "", []string{"MD2104-R", "MD2107-R"}, "", "net", 6},
	{"Mado 15 operator panel", "マド15 表示器", 2, "", []string{"MD1504"}, "", "net", 69},
	{"Mado Mobile", "マドモバイル", 2, "software-fukuoka", []string{"MDM-01"}, "", "os", 4},
	{"Mado industrial switch", "マド 産業用スイッチ", 2, "switchgear", []string{"MDS-T8F2", "MDS-T4"}, "", "os", 12},
	{"Mado remote gateway", "マド リモートゲートウェイ", 2, "automation-uk", []string{"MDG-100"}, "", "os", 8},

	{"Suisha inverter S8", "スイシャ インバータS8", 3, "", []string{"SU-S820-04", "SU-S820-08", "SU-S840-04"}, "", "net", 6},
	{"Suisha inverter S5", "スイシャ インバータS5", 3, "", []string{"SU-S520-04"}, "", "", 71},
	{"Suisha servo amplifier J4", "スイシャ サーボアンプJ4", 3, "drives-italy", []string{"SU-J4-10B", "SU-J4-20B"}, "", "net", 9},
	{"Suisha regenerative unit", "スイシャ 回生ユニット", 3, "drives-italy", []string{"SU-R-15K"}, "", "", 33},
	{"Suisha breaker monitor", "スイシャ 遮断器モニタ", 3, "switchgear", []string{"SU-BM-3"}, "", "net", 12},
	{"Suisha energy meter", "スイシャ 電力量計", 3, "electric-usa", []string{"SU-EM-255"}, "", "net", 15},

	{"Kumiki Studio Works", "クミキスタジオ ワークス", 4, "", nil, "", "os", 1},
	{"Kumiki Studio Motion", "クミキスタジオ モーション", 4, "", nil, "", "os", 2},
	{"Kumiki Studio Panel", "クミキスタジオ パネル", 4, "", nil, "", "os", 3},
	{"Kumiki Component", "クミキコンポーネント", 4, "", nil, "", "os", 7},
	{"Kumiki Collector", "クミキコレクタ", 4, "automation-china", nil, "", "os", 5},
	{"Kumiki Navigator", "クミキナビゲータ", 4, "", nil, "", "", 70},

	{"Tsubame telematics unit", "ツバメ テレマティクスユニット", 5, "", []string{"TB-TCU4", "TB-TCU5"}, "", "os", 2},
	{"Tsubame body gateway", "ツバメ ボディゲートウェイ", 5, "mobility-czech", []string{"TB-GW2"}, "", "net", 4},
	{"Tsubame camera unit", "ツバメ カメラユニット", 5, "mobility-mexico", []string{"TB-CAM1"}, "", "", 8},
	{"Tsubame key module", "ツバメ キーモジュール", 5, "mobility-usa", []string{"TB-KEY3"}, "", "", 13},
}
