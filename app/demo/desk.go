package demo

import "time"

// Exclusion is a rule told not to look at something, with an owner, a reason
// and an end. Filter is the body of a Sigma filter as YAML.
type Exclusion struct {
	Rule            string // slug
	Unit            string
	Owner, Approver string
	Reason          Text
	Filter          string
	Created, Ends   time.Time
	Hidden          int // hits it has hidden so far
}

// Exclusions returns those in force at now; one ends within the week.
func (h History) Exclusions() []Exclusion {
	day := 24 * time.Hour
	ago, in := func(d int) time.Time { return h.now.Add(-time.Duration(d) * day) }, func(d int) time.Time { return h.now.Add(time.Duration(d) * day) }
	return []Exclusion{
		{"windows/powershell-encoded", "datacenter", DetectAnalyst, CsirtLead, Text{"Monitoring agent of the data centre starts its checks encoded", "データセンターの監視エージェントが符号化コマンドで検査を起動するため"},
			"ParentImage|endswith: '\\opsmon-agent.exe'\n", ago(71), in(109), 1204},
		{"network/dynamic-dns", "logistics", HandlerJapan, DetectAnalyst, Text{"Gate cameras of the warehouse until they are replaced", "倉庫ゲートのカメラを更新するまでの措置"},
			"query: gate-cam.mydns.jp\n", ago(86), in(4), 310},
		{"linux/sudoers-changed", "research", DetectAnalyst, CsirtLead, Text{"Configuration management writes the file every Tuesday", "構成管理ツールが毎週火曜にファイルを更新するため"},
			"name: /etc/sudoers.d/50-managed\n", ago(40), in(140), 23},
		{"identity/legacy-protocol-sign-in", "works-nagoya", HandlerJapan, CsirtLead, Text{"Copiers of building 7, relay ordered", "7号棟の複合機。中継サーバーを手配済み"},
			"user|startswith: mfp-nag\n", ago(20), in(40), 88},
		{"windows/new-local-administrator", "works-brno", HandlerEurope, CsirtLead, Text{"Commissioning of line 6 by the machine builder", "装置メーカーによる6号ラインの立ち上げ作業"},
			"SubjectUserName: adm-linebuild\n", ago(9), in(21), 12},
	}
}

// Silence is a source that stopped sending.
type Silence struct {
	Source string
	Since  time.Time
}

// Silent returns the sources that are overdue at now; the day of events leaves
// them out.
func (h History) Silent() []Silence {
	return []Silence{{"lnx-ray", h.now.Add(-31 * time.Hour)}, {"fw-spo", h.now.Add(-7 * time.Hour)}}
}

// Task is open work of one person.
type Task struct {
	Title    Text
	Person   string
	Unit     string
	Incident string // slug of an open incident; empty for work of its own
	Due      time.Time
}

// Tasks returns open work of several personas, some of it late.
func (h History) Tasks() []Task {
	due := func(hours int) time.Time { return h.now.Add(time.Duration(hours) * time.Hour).Truncate(time.Minute) }
	return []Task{
		{Text{"End all sessions of the account and list its devices", "対象アカウントの全セッションを終了し登録端末を一覧化する"}, HandlerEurope, "office-europe", "open-travel", due(-2)},
		{Text{"Ask the account's owner where she was on Saturday", "アカウント所有者に土曜日の所在を確認する"}, ManagerEurope, "office-europe", "open-travel", due(3)},
		{Text{"Search the address in 30 days of proxy events", "過去30日のプロキシイベントで該当アドレスを検索する"}, DetectAnalyst, "office-europe", "open-travel", due(5)},
		{Text{"Decide whether the event is reported to the authority", "当局への報告要否を判断する"}, CsirtLead, "office-europe", "open-travel", due(8)},
		{Text{"Obtain the agency's confirmation of deletion", "代理店から削除証明を入手する"}, ManagerAmer, "electric-usa", "open-site", due(20)},
		{Text{"Assess the personal data entered on the page", "画面に入力された個人情報を評価する"}, PrivacyLead, "electric-usa", "open-site", due(26)},
		{Text{"Send the summary to the works council", "事業所委員会に概要を送付する"}, ManagerEurope, "sales-germany", "open-phishing", due(44)},
		{Text{"Close after the review", "振り返り後に完了とする"}, CsirtLead, "sales-germany", "open-phishing", due(48)},
		{Text{"Replace the VPN gateway, group directive of this quarter", "VPN装置の更新(今四半期のグループ指示)"}, SmallCompany, "precision-ueda", "", due(9 * 24)},
		{Text{"Name a deputy for the security contact", "セキュリティ窓口の代理者を届け出る"}, SmallCompany, "precision-ueda", "", due(3 * 24)},
		{Text{"Check the jump host's list of vendors, Works 3", "第3工場の踏み台を使う業者一覧を点検する"}, OTEngineer, "works-himeji", "", due(30)},
		{Text{"Renew or drop the exclusion for the gate cameras", "ゲートカメラの除外を更新または廃止する"}, DetectAnalyst, "logistics", "", due(4 * 24)},
		{Text{"Approve the exercise plan of next year", "来年度の訓練計画を承認する"}, HeadOfIt, "infosec", "", due(6 * 24)},
		{Text{"Find out why the Linux servers of Thailand are silent", "タイのLinuxサーバーのログ停止原因を調べる"}, SystemAdmin, "automation-thailand", "", due(-6)},
	}
}
