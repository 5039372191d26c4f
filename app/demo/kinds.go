package demo

// kind is a sort of incident that the group has met. %s in a title is the
// place or the thing from detail, chosen with the same index in both languages.
type kind struct {
	title    Text
	detail   []Text
	class    string // of the Reference Security Incident Taxonomy: "malicious-code/infected-system"
	severity []string
	tlp      string
	plant    bool // happens in plants
	months   []int
	found    Text // how it came to light
	stopped  Text // what contained it
	cleaned  Text
	lesson   Text
	cause    Text
	raised   string // slug of the rule that raised it; empty: a person reported it
}

var kinds = []kind{
	{Text{"Phishing mail pretending to be %s", "%sを装ったフィッシングメール"},
		[]Text{{"the payroll office", "給与担当"}, {"a parcel service", "宅配業者"}, {"the tax office", "税務署"}, {"a supplier's invoice", "取引先の請求書"}},
		"fraud/phishing", []string{"low", "low", "medium"}, "GREEN", false, []int{3, 4, 11, 12},
		Text{"Fourteen employees used the report button within an hour.", "1時間以内に14名の社員が報告ボタンで通報しました。"},
		Text{"Sender and link blocked at the mail gateway, message withdrawn from 212 mailboxes.", "送信元とリンクをメールゲートウェイで遮断し、212件のメールボックスから回収しました。"},
		Text{"Two people had typed a password; both were reset and their sessions ended.", "2名がパスワードを入力していたため、再設定しセッションを終了しました。"},
		Text{"Reports came before the filter noticed. The button stays on every mail client.", "フィルターより先に通報が届きました。報告ボタンを全メールソフトに維持します。"},
		Text{"A look-alike domain that no filter knew was registered the day before.", "前日に登録された類似ドメインをどのフィルターも把握していませんでした。"}, ""},
	{Text{"Password guessing against the sign-in of %s", "%sのサインインに対するパスワード推測"},
		[]Text{{"the partner portal", "取引先ポータル"}, {"the VPN gateway", "VPN装置"}, {"the dealer shop", "販売店向けサイト"}},
		"intrusion-attempts/brute-force", []string{"low", "medium"}, "GREEN", false, []int{1, 5, 8},
		Text{"Failures rose to forty times the usual level from 300 addresses.", "300のアドレスから、通常の40倍の認証失敗が発生しました。"},
		Text{"Sign-in limited to registered devices for the night.", "夜間は登録済み端末のみにサインインを制限しました。"},
		Text{"Three accounts with old passwords were found and moved to passkeys.", "古いパスワードの3アカウントを特定し、パスキーに移行しました。"},
		Text{"The portal now asks for a second factor from everyone.", "ポータルの全利用者に多要素認証を必須としました。"},
		Text{"Passwords leaked elsewhere were tried, and the door took a password alone.", "他所で流出したパスワードが試され、パスワードのみで認証できる入口でした。"}, "linux/ssh-attempts-exhausted"},
	{Text{"Malware started from a USB stick, %s", "USBメモリーからのマルウェア起動(%s)"},
		[]Text{{"paint line", "塗装ライン"}, {"inspection terminal", "検査端末"}, {"maintenance laptop", "保守用ノートPC"}},
		"malicious-code/infected-system", []string{"medium", "high"}, "AMBER", true, []int{5, 6, 8},
		Text{"The terminal's protection stopped a worm copied by a service engineer.", "保守業者が持ち込んだワームを端末の保護機能が検知しました。"},
		Text{"Terminal unplugged from the cell network with the shift leader's consent.", "シフトリーダーの同意を得て端末をセルネットワークから切り離しました。"},
		Text{"Terminal rebuilt from the golden image, stick kept as evidence.", "標準イメージから端末を再構築し、USBメモリーを証拠として保管しました。"},
		Text{"Sticks of suppliers go through the scanning station at the gate.", "業者のUSBメモリーは入場時に検査端末を通します。"},
		Text{"The supplier's stick went round the scanning station.", "業者のUSBメモリーが検査端末を経由していませんでした。"}, ""},
	{Text{"Privileged account signed in from two countries: %s", "特権アカウントの2か国同時サインイン(%s)"},
		[]Text{{"mail administration", "メール管理"}, {"directory", "ディレクトリ"}, {"cloud billing", "クラウド課金"}},
		"intrusions/privileged-account-compromise", []string{"high", "critical", "high"}, "AMBER", false, []int{2, 7, 9},
		Text{"A session opened at home was used from a hosting network abroad.", "自宅で開始されたセッションが海外のホスティング網から使用されました。"},
		Text{"Account locked everywhere, all its sessions ended.", "アカウントを全システムでロックし、全セッションを終了しました。"},
		Text{"Mail rules and registered devices checked; one foreign device removed.", "メールルールと登録端末を確認し、不審な端末1台を削除しました。"},
		Text{"Privileged roles now need a device-bound passkey.", "特権ロールには端末に紐づくパスキーを必須としました。"},
		Text{"A session cookie was stolen by malware on a private computer.", "私物PCのマルウェアによりセッションが窃取されました。"}, "identity/session-used-elsewhere"},
	{Text{"Wrong recipient: %s sent outside", "誤送信: %sを社外に送付"},
		[]Text{{"customer list", "顧客名簿"}, {"quotation", "見積書"}, {"applicants' data", "応募者情報"}},
		"information-content-security/data-leak", []string{"medium", "medium", "high"}, "AMBER", false, []int{3, 6, 10},
		Text{"The sender noticed at once and called.", "送信者本人がすぐに気付き連絡しました。"},
		Text{"The recipient confirmed in writing that the mail was deleted unread.", "受信者から未開封のまま削除した旨の書面を受領しました。"},
		Text{"Privacy assessed the number of people and the duty to report.", "個人情報保護部門が対象人数と報告義務を判断しました。"},
		Text{"Mail to more than five outside addresses is held for a minute.", "社外5件を超える宛先のメールは1分間保留します。"},
		Text{"The address book completed a similar name.", "宛先の自動補完で類似の氏名が選択されました。"}, ""},
	{Text{"Unapproved site with a sign-in page: %s", "未承認サイトにログイン画面(%s)"},
		[]Text{{"spare parts campaign", "補修部品キャンペーン"}, {"recruiting event", "採用イベント"}, {"trade fair", "展示会"}},
		"vulnerable/potentially-unwanted-accessible", []string{"medium", "low"}, "GREEN", false, []int{2, 9, 11},
		Text{"The weekly search for the group's names in new certificates found it.", "新規証明書に含まれるグループ名の週次検索で発見しました。"},
		Text{"The agency took the form offline the same day.", "代理店が同日中にフォームを停止しました。"},
		Text{"Data entered so far handed over and deleted at the agency.", "入力済みデータを引き取り、代理店側で削除しました。"},
		Text{"Purchasing asks for the site approval number before an order.", "購買部門は発注前にサイト承認番号を確認します。"},
		Text{"The agency did not know that sites need approval.", "代理店がサイト承認の必要性を認識していませんでした。"}, ""},
	{Text{"Known weakness used against %s", "%sの既知の脆弱性を突いた侵入"},
		[]Text{{"the file transfer server", "ファイル転送サーバー"}, {"the VPN gateway", "VPN装置"}, {"a ticket system", "チケット管理システム"}},
		"intrusions/application-compromise", []string{"high", "critical"}, "AMBER", false, []int{1, 7, 12},
		Text{"A web account started a shell on the server.", "サーバー上でウェブアカウントがシェルを起動しました。"},
		Text{"Server taken off the internet, its keys withdrawn.", "サーバーをインターネットから切り離し、鍵を失効させました。"},
		Text{"Rebuilt from source with the fix, access log of 90 days examined.", "修正版で再構築し、90日分のアクセスログを調査しました。"},
		Text{"Internet-facing systems get fixes within 72 hours, counted on the first page.", "公開システムへの修正適用を72時間以内とし、概況で計測します。"},
		Text{"The fix was out for nine days and waited for a maintenance window.", "修正版は9日前に公開されていましたが、保守時間を待っていました。"}, "linux/web-server-starts-shell"},
	{Text{"Vendor's remote access left open at %s", "%sで業者の遠隔接続が開放のまま"},
		[]Text{{"the press shop", "プレス工程"}, {"the SMT line", "実装ライン"}, {"the boiler house", "ボイラー設備"}},
		"vulnerable/vulnerable-system", []string{"medium", "high"}, "AMBER", true, []int{4, 8, 10},
		Text{"The firewall showed an accepted connection from the office into the cell.", "オフィス網からセルへの接続許可がファイアウォールで見つかりました。"},
		Text{"Rule removed, vendor moved to the jump host.", "規則を削除し、業者を踏み台経由に移行しました。"},
		Text{"No foreign change in the controllers' programs, compared with the stored ones.", "制御プログラムを保管版と比較し、不正な変更がないことを確認しました。"},
		Text{"Temporary rules end by themselves after 14 days.", "一時的な規則は14日で自動失効とします。"},
		Text{"A rule for commissioning was never taken back.", "立ち上げ時の規則が撤回されていませんでした。"}, "network/office-into-plant"},
	{Text{"Ransomware stopped on %s", "%sでランサムウェアを阻止"},
		[]Text{{"a file server", "ファイルサーバー"}, {"a drawing archive", "図面サーバー"}, {"a sales laptop", "営業用ノートPC"}},
		"malicious-code/infected-system", []string{"high", "critical"}, "AMBER", false, []int{2, 5, 9},
		Text{"Restore points were deleted; the computer cut itself off.", "復元ポイントの削除を検知し、端末が自動で隔離されました。"},
		Text{"Segment isolated, service account locked.", "セグメントを隔離し、サービスアカウントをロックしました。"},
		Text{"Restored from the backup of the night before; 340 files lost one day.", "前夜のバックアップから復元し、340ファイルが1日分失われました。"},
		Text{"Service accounts may no longer sign in interactively.", "サービスアカウントの対話型ログオンを禁止しました。"},
		Text{"A service account with a guessable password could sign in at a desk.", "推測可能なパスワードのサービスアカウントで対話型ログオンが可能でした。"}, "windows/shadow-copies-deleted"},
	{Text{"Lost %s", "%sの紛失"},
		[]Text{{"notebook on a business trip", "出張中のノートPC"}, {"telephone in a taxi", "タクシーでの社用電話"}, {"tablet of the service van", "保守車両のタブレット"}},
		"information-content-security/data-loss", []string{"low", "medium"}, "GREEN", false, []int{4, 7, 12},
		Text{"Reported by the traveller from the station.", "出張者本人が駅から報告しました。"},
		Text{"Device locked and wiped from afar within the hour.", "1時間以内に遠隔でロックと消去を実施しました。"},
		Text{"Encryption was on; no personal data beyond the holder's own.", "暗号化は有効で、本人以外の個人情報はありませんでした。"},
		Text{"The emergency number is printed on the staff card.", "緊急連絡先を社員証に印刷しました。"},
		Text{"A moment of inattention on the way.", "移動中の不注意によるものです。"}, ""},
	{Text{"Attack on availability of %s", "%sに対するサービス妨害"},
		[]Text{{"the product site", "製品サイト"}, {"the investor pages", "IRページ"}},
		"availability/ddos", []string{"low", "medium"}, "CLEAR", false, []int{5, 11},
		Text{"Answer times of the site rose to twelve seconds.", "サイトの応答時間が12秒まで悪化しました。"},
		Text{"Traffic sent through the provider's filter.", "通信事業者のフィルター経由に切り替えました。"},
		Text{"Static copy kept ready for the next time.", "次回に備え静的な複製を用意しました。"},
		Text{"The switch to the filter is a button, tried each quarter.", "フィルターへの切替を手順化し、四半期ごとに訓練します。"},
		Text{"The site answered without a filter in front of it.", "サイトの前段にフィルターがありませんでした。"}, ""},
	{Text{"Cloud key found in %s", "%sでクラウドのアクセスキーが露出"},
		[]Text{{"a public repository", "公開リポジトリ"}, {"a supplier's notebook", "委託先の端末"}, {"a container image", "コンテナイメージ"}},
		"information-content-security/unauthorised-information-access", []string{"high", "medium"}, "AMBER", false, []int{3, 6, 10},
		Text{"The provider's notice and our own search came minutes apart.", "クラウド事業者の通知と自社の検索がほぼ同時に届きました。"},
		Text{"Key withdrawn, use of the last 30 days listed.", "キーを失効させ、過去30日間の使用状況を確認しました。"},
		Text{"Role with short tokens instead of the key.", "キーを廃止し、短期トークンのロールに置き換えました。"},
		Text{"Builds fail when a key is in the source.", "ソースに鍵が含まれるとビルドが失敗するようにしました。"},
		Text{"The key was made for a trial and never expired.", "試用目的で作成されたキーに期限がありませんでした。"}, "cloud/access-key-created"},
	{Text{"Caller talked the help desk into a reset: %s", "ヘルプデスクへのなりすまし電話(%s)"},
		[]Text{{"finance", "経理"}, {"sales abroad", "海外営業"}},
		"information-gathering/social-engineering", []string{"high", "medium"}, "AMBER", false, []int{6, 9},
		Text{"The real person found the telephone no longer enrolled.", "本人が自分の電話の登録が外れていることに気付きました。"},
		Text{"Account locked, factor enrolled again in person.", "アカウントをロックし、対面で認証要素を再登録しました。"},
		Text{"Nothing but the mailbox had been opened, for nine minutes.", "閲覧されたのはメールボックスのみ、9分間でした。"},
		Text{"Resets need a call back to the manager.", "再設定には上司への折り返し確認を必須としました。"},
		Text{"The desk asked only for name and employee number.", "ヘルプデスクは氏名と社員番号のみで本人確認していました。"}, "identity/factor-reset-by-desk"},
	{Text{"Mining program on %s", "%sに不正マイニングプログラム"},
		[]Text{{"a build server", "ビルドサーバー"}, {"a simulation cluster", "シミュレーション基盤"}},
		"malicious-code/infected-system", []string{"medium", "low"}, "GREEN", false, []int{1, 8},
		Text{"A program ran from a temporary folder at full load.", "一時フォルダーのプログラムが高負荷で動作していました。"},
		Text{"Host separated, outgoing pool addresses blocked.", "ホストを分離し、プールの宛先を遮断しました。"},
		Text{"Rebuilt; the open management port was closed.", "再構築し、開放されていた管理ポートを閉じました。"},
		Text{"Test networks are scanned like all others.", "検証網も他と同様に検査対象としました。"},
		Text{"A management port was open to the test network, and the test network to the internet.", "管理ポートが検証網に、検証網がインターネットに開放されていました。"}, "linux/program-in-temporary-folder"},
}

// notes that every incident shares, by state.
var (
	noteTriaged   = Text{"Taken on. Impact looked at with the site's contact.", "担当を引き受け、拠点の窓口と影響を確認しました。"}
	noteConfirmed = Text{"Confirmed. Observables searched in the last 30 days of events.", "インシデントと確定。過去30日のイベントで観測値を検索しました。"}
	noteRecovered = Text{"Back in normal operation, watched for 48 hours.", "通常運用に復帰し、48時間監視しました。"}
	noteReviewed  = Text{"Reviewed with everybody involved, no blame.", "関係者全員で振り返りを実施しました(責任追及なし)。"}
	noteClosed    = Text{"Closed by the lead.", "リーダーが完了としました。"}
	noteFalse     = Text{"Examined: an approved test of the site itself. No incident.", "調査の結果、拠点が実施した承認済みの試験でした。インシデントではありません。"}
)
