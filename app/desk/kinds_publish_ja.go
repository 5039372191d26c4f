package desk

import "yagura/kernel/text"

// The words of the kinds of facts about advisories and their publication.
func init() {
	text.Add(text.Japanese{
		"Advisory begun": "アドバイザリの作成を開始", "Advisory saved": "アドバイザリを保存", "Advisory given to review": "アドバイザリを査読に提出",
		"Advisory reviewed": "アドバイザリを査読", "Advisory returned by its review": "アドバイザリを査読で差し戻し", "Approval of an advisory": "アドバイザリを承認",
		"Advisory taken back to a draft": "アドバイザリを草案に戻す", "Publication of an advisory scheduled": "アドバイザリの公開を予約", "Publication of an advisory taken back": "アドバイザリの公開予約を取り消し",
		"Reviewer of an advisory named": "アドバイザリの査読者を指名", "Advisory published": "アドバイザリを公開", "Published advisories imported": "公開済みアドバイザリを取り込み",
		"Step of a publication": "公開処理の手順", "Subscriber of advisories added, changed or removed": "アドバイザリの購読者を追加、変更または削除", "Public site inspected": "公開サイトを点検",
	})
}
