package csaf

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Draft": "草案", "Final": "確定", "Interim": "暫定",
		"Coordinator": "調整機関", "Discoverer": "発見者", "Multiplier": "再配布者", "Other": "その他",
		"Translator": "翻訳者", "User": "利用者", "Vendor": "製造者",
		"Description": "説明", "Details": "詳細", "Questions and answers": "よくある質問", "General": "全般",
		"Legal notice": "法的事項", "Summary": "概要",
		"First affected": "影響を受ける最初の版", "First fixed": "修正済みの最初の版", "Fixed": "修正済み",
		"Affected": "影響あり", "Not affected": "影響なし", "Last affected": "影響を受ける最後の版",
		"Recommended": "推奨", "Under investigation": "調査中", "Unknown": "不明",
		"Mitigation": "緩和策", "No fix planned": "修正予定なし", "No fix yet": "修正未提供",
		"Fix": "修正", "Workaround": "回避策", "Fix planned": "修正予定", "Optional update": "任意の更新",
		"Exploitation": "悪用の状況", "Impact": "影響", "Who is targeted": "攻撃対象",
		"The component is not in the product":           "該当部品は製品に含まれていません",
		"The product prevents exploitation by itself":   "製品自身の対策により悪用できません",
		"An attacker can't control the vulnerable code": "攻撃者は脆弱なコードを操作できません",
		"The vulnerable code is never executed":         "脆弱なコードは実行されません",
		"The vulnerable code is not in the product":     "脆弱なコードは製品に含まれていません",
		"ID": "ID", "Status": "状態", "Version§advisory": "版", "Publisher": "発行者", "Contact": "連絡先",
		"First released": "初版公開", "Last updated": "最終更新", "May be shared as": "共有範囲", "Severity": "深刻度",
		"Products": "製品", "Vulnerabilities": "脆弱性", "References": "参考情報", "Thanks": "謝辞",
		"History§advisory": "改訂履歴", "Date": "日付", "Change§advisory": "変更内容", "Score": "評価値", "Vector": "ベクトル",
		"What to do": "対策", "Threats": "脅威", "Why not affected": "影響がない理由", "Weakness": "脆弱性の種類",
		"Discovered": "発見", "Disclosed": "公表", "Restart needed: %s": "再起動が必要: %s", "Vulnerability %d": "脆弱性 %d",
	})
}
