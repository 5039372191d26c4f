package demo

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
}

// Applications are those of the group, in order of their ids.
func Applications() []Application {
	return []Application{
		{ID: "andon-panel", Kind: "native", Name: Text{"Andon panels of the lines", "ライン用アンドンパネル"}, Level: "aal2", Devices: true},
		{ID: "bi-reports", Kind: "web", Name: Text{"Reports and figures", "経営レポート"}, Level: "aal2", Host: "bi.kirishio.example", Scopes: []string{"profile", "email", "groups"}},
		{ID: "erp", Kind: "web", Name: Text{"Enterprise resource planning", "基幹業務システム"}, Level: "phr", Host: "erp.kirishio.example", Scopes: []string{"profile", "email", "groups"}, RS256: true},
		{ID: "mail", Kind: "web", Name: Text{"Mail and calendar", "メールと予定表"}, Level: "phr", Host: "mail.kirishio.example", Scopes: []string{"profile", "email"}, Offline: true},
		{ID: "payroll", Kind: "saml", Name: Text{"Payroll", "給与計算"}, Level: "phr", Host: "payroll.kirishio.example"},
		{ID: "plant-wiki", Kind: "gate", Name: Text{"Wiki of the plants", "工場Wiki"}, Level: "phr", Host: "wiki.kirishio.example"},
		{ID: "plm", Kind: "web", Name: Text{"Drawings and product data", "図面・製品データ管理"}, Level: "phrh", Host: "plm.kirishio.example", Scopes: []string{"profile", "email", "groups", "roles"}},
		{ID: "quality-sync", Kind: "service", Name: Text{"Quality data exchange", "品質データ連携"}},
		{ID: "travel", Kind: "web", Name: Text{"Business trips and expenses", "出張・経費精算"}, Level: "phr", Host: "travel.kirishio.example", Scopes: []string{"profile", "email"}, Silent: true},
	}
}
