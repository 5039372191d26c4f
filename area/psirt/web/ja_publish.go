package web

import "yagura/kernel/text"

// The words of the pages of advisories.
func init() {
	text.Add(text.Japanese{
		"%d advisories were taken over, %d were there already.": "%d件のアドバイザリを取り込みました。%d件は既にありました。",
		"%d documents, inspected":                               "%d件の文書を点検:", "After§change": "変更後", "Its case": "元の案件", "Nothing is to be mended.": "直すべき点はありません。", "Before§change": "変更前", "Ask for a review": "査読を依頼", "Begin an update": "改訂を始める", "Begin the last revision": "最終版の作成を始める",
		"Nothing of this advisory is public": "このアドバイザリで公開中のものはありません", "Say which version you read": "読み込んだ版の番号を指定してください",
		"Being worked on": "作業中", "CVE record": "CVEレコード", "Changes since what is public": "公開版からの変更点",
		"Empty means now. Everyone sees this instant in his own time zone.": "空欄にすると今すぐ公開します。この日時は、見る人の時間帯で表示されます。",
		"Found right": "問題なし", "Hints": "提案", "Import§advisories": "取り込む", "Inspect it now": "今すぐ点検", "It is right": "問題ありません", "JSON": "JSON",
		"Mails to subscribers": "購読者へのメール", "Messages and webhooks": "通知とWebhook", "Name a reviewer": "査読者を指名", "New advisory": "アドバイザリを作成", "Next revision": "次の版",
		"No advisories": "アドバイザリはありません", "None is public, and you take part in none.": "公開中のものはなく、参加しているものもありません。",
		"Number of the advisory that takes its place": "置き換えるアドバイザリの番号", "Page and CSAF document": "ページとCSAF文書", "Place": "箇所", "Public site": "公開サイト",
		"Publication at %s": "%sの公開", "Publish": "公開する", "Publish at": "公開日時", "Published advisories: a CSAF file or a zip of them": "公開済みアドバイザリ(CSAFファイル、またはそのzip)",
		"Return it": "差し戻す", "Returned§advisory": "差し戻し", "Reviews and approvals": "査読と承認", "Save and test": "保存してテスト", "Schema": "スキーマ", "Step": "手順", "Suggestion": "提案内容",
		"Take it back to a draft": "草案に戻す", "Take the publication back": "公開予約を取り消す", "Test": "テスト", "Tests": "テスト結果", "Text (CSAF 2.0)": "本文(CSAF 2.0)", "Try again now": "今すぐ再試行",
		"What is new": "変更内容", "What is to be mended": "直すべき点", "What it came to": "結果", "Withdraw it, or let another take its place": "取り下げ、または別のアドバイザリへの置き換え",
		"Without CVE records": "CVEレコードなし", "changes more often than every three weeks: call it interim": "3週間に1回より頻繁に更新されています。状態を暫定にしてください",
		"done§step": "完了", "failed, is tried again": "失敗(再試行します)", "interim and quiet for six weeks: publish it as final": "暫定のまま6週間更新がありません。確定版として公開してください",
		"left out": "省略", "waits for the step before": "前の手順を待っています",
	})
}
