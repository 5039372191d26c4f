package demo

import "time"

// Step is one thing the attacker does that a rule of the starter pack reports.
type Step struct {
	At   time.Duration // after the start of the day
	Unit string
	Host string // empty where the log names none
	User string // login
	Rule string // slug of the rule that fires
	Text Text
}

// Steps returns the attack as detections must show it, in order of time.
func Steps() []Step {
	at := func(h, m int) time.Duration { return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute }
	victim, plant := VictimHost(), PlantHost()
	return []Step{
		{at(17, 13), VictimUnit, victim, VictimUser, "windows/office-starts-shell", Text{"The invoice's macro starts PowerShell.", "請求書のマクロがPowerShellを起動します。"}},
		{at(17, 13), VictimUnit, victim, VictimUser, "windows/powershell-encoded", Text{"What it runs is encoded.", "実行内容は符号化されています。"}},
		{at(17, 13), VictimUnit, "", VictimUser, "network/program-from-bare-address", Text{"It fetches a program from a bare address.", "名前のないアドレスからプログラムを取得します。"}},
		{at(17, 13), VictimUnit, "", VictimUser, "network/attack-tool-agent", Text{"PowerShell itself is the web client.", "ウェブアクセスの主体はPowerShellです。"}},
		{at(17, 14), VictimUnit, victim, VictimUser, "windows/run-key-user-folder", Text{"The program makes itself start at every logon.", "ログオンのたびに起動するよう自身を登録します。"}},
		{at(17, 31), VictimUnit, "", VictimUser, "network/dns-tunnel-shape", Text{"It reports home inside name lookups.", "DNSの問い合わせに紛れて外部と通信します。"}},
		{at(18, 41), VictimUnit, victim, VictimUser, "windows/lsass-read", Text{"It reads the memory in which passwords lie.", "パスワードを含むメモリーを読み取ります。"}},
		{at(19, 5), VictimUnit, "", VictimUser, "windows/kerberos-weak-ticket", Text{"A ticket is asked for that can be cracked at leisure.", "解読可能な弱いチケットを要求します。"}},
		{at(19, 28), "office-europe", "", StolenUser, "identity/push-refused-repeatedly", Text{"The administrator is asked for a tap again and again.", "管理者に承認要求が繰り返し送られます。"}},
		{at(19, 41), "office-europe", "", StolenUser, "identity/push-approved-after-refusals", Text{"At the sixth he taps.", "6回目で承認してしまいます。"}},
		{at(19, 52), "office-europe", "", StolenUser, "cloud/access-key-created", Text{"A cloud key is made from an address nobody knows.", "未知のアドレスからクラウドのキーが作成されます。"}},
		{at(20, 48), PlantUnit, "", "", "network/office-into-plant", Text{"A forgotten firewall rule lets the sales computer into the plant.", "放置された規則により、営業端末から工場網へ到達します。"}},
		{at(20, 52), PlantUnit, plant, StolenUser, "windows/remote-execution-service", Text{"A command is run on the engineering computer from afar.", "エンジニアリング端末で遠隔からコマンドが実行されます。"}},
		{at(20, 58), PlantUnit, plant, StolenUser, "windows/new-local-administrator", Text{"The account becomes administrator there.", "そのアカウントが端末の管理者になります。"}},
		{at(21, 6), PlantUnit, plant, "", "windows/service-suspicious-path", Text{"The encrypting program is installed as a service.", "暗号化プログラムがサービスとして登録されます。"}},
		{at(22, 5), PlantUnit, plant, "", "windows/protection-switched-off", Text{"Protection is switched off.", "保護機能が停止されます。"}},
		{at(22, 7), PlantUnit, plant, "", "windows/log-cleared-by-command", Text{"The system log is emptied.", "システムログが消去されます。"}},
		{at(22, 7), PlantUnit, plant, StolenUser, "windows/audit-log-cleared", Text{"The security log is emptied.", "セキュリティログが消去されます。"}},
		{at(22, 8), PlantUnit, plant, "", "windows/shadow-copies-deleted", Text{"Restore points are deleted.", "復元ポイントが削除されます。"}},
		{at(22, 10), PlantUnit, plant, "", "windows/ransom-note", Text{"The note appears.", "脅迫文が現れます。"}},
	}
}

// Move is what a persona does in the walk through the story.
type Move struct {
	Person string
	Opens  string // what the page is, not its path: "alert", "incident", …
	Key    string // what tells which one: slug of a rule, host, unit
	Does   Text
}

// IncidentTitle is what the incident of the story is called.
var IncidentTitle = Text{"Ransom note on an engineering computer", "エンジニアリング端末に脅迫文"}

// Walk returns the story from attack to closed incident, a move at a time.
func Walk() []Move {
	return []Move{
		{Officer, "overview", Root, Text{"Sees that something critical began this evening.", "今夜、緊急の事象が始まったことを確認します。"}},
		{DetectAnalyst, "alert", "windows/ransom-note", Text{"Takes the alert, looks at its events and at the other alerts of the same computer.", "アラートを引き受け、イベントと同じ端末の他のアラートを確認します。"}},
		{DetectAnalyst, "telemetry", PlantHost(), Text{"Searches the computer's last six hours and finds the account.", "端末の直近6時間を検索し、アカウントを特定します。"}},
		{DetectAnalyst, "alert", "windows/ransom-note", Text{"Raises an incident from the alerts of the computer.", "端末のアラートからインシデントを起票します。"}},
		{HandlerJapan, "incident", PlantUnit, Text{"Triages: critical, amber, lead is the Corporate CSIRT; adds the European units.", "トリアージ: 緊急、TLP:AMBER、主管はコーポレートCSIRT。欧州の部門を追加します。"}},
		{OTEngineer, "incident", PlantUnit, Text{"Notes that line 4 stands still and unplugs the engineering computer.", "4号ラインの停止を記録し、エンジニアリング端末を切り離します。"}},
		{HandlerJapan, "incident", PlantUnit, Text{"Marks it confirmed, then contained.", "確定とし、封じ込めを記録します。"}},
		{HandlerJapan, "incident", VictimUnit, Text{"Offers the European part to the Europe CSIRT.", "欧州分を欧州CSIRTに引き継ぎ提案します。"}},
		{HandlerEurope, "incident", VictimUnit, Text{"Accepts, isolates the sales computer, ends the administrator's sessions, withdraws the key.", "引き受け、営業端末を隔離し、管理者のセッションを終了し、キーを失効させます。"}},
		{ManagerEurope, "incidents", "europe", Text{"Sees the European part and nothing of America.", "欧州分だけが見え、米州は見えません。"}},
		{PrivacyLead, "incident", PlantUnit, Text{"Finds that no personal data was on the computer.", "端末に個人情報がなかったことを確認します。"}},
		{CsirtLead, "incident", PlantUnit, Text{"Reviews with all involved and closes.", "関係者と振り返り、完了とします。"}},
		{OutsideReader, "ledger", PlantUnit, Text{"Follows every act in the audit trail and can change none.", "監査証跡ですべての操作を追えますが、変更はできません。"}},
	}
}
