package psirt

import "yagura/kernel/text"

// The words of advisories and their publication.
func init() {
	text.Add(text.Japanese{
		"Draft§advisory": "草案", "In review§advisory": "査読中", "Approved§advisory": "承認済み", "Scheduled§advisory": "公開予約済み", "Being published": "公開処理中",
		"Nothing is being worked on": "作業中の版はありません", "Published§advisory": "公開中", "Withdrawn§advisory": "取り下げ", "Superseded§advisory": "置き換え済み", "Not published": "未公開",
		"You may read this advisory, not work on it":                      "このアドバイザリは閲覧できますが、編集はできません",
		"Somebody else changed this advisory meanwhile: look at it again": "ほかの人がこのアドバイザリを変更しました。もう一度確認してください",
		"There is no such object":                                         "このオブジェクトがありません",
		"Give it a title":                                                 "題名を付けてください", "Choose with whom it may be shared": "共有範囲を選んでください",
		"An advisory has at most %d bytes":                                    "アドバイザリは%dバイトまでです",
		"This is no JSON: %s":                                                 "JSONとして読めません: %s",
		"The tracking id must stay %s":                                        "トラッキングIDは%sのままにしてください",
		"Advisories are published as CSAF 2.0: csaf_version must be 2.0":      "アドバイザリはCSAF 2.0で公開します。csaf_versionを2.0にしてください",
		"Only a draft can be changed: take it back first":                     "変更できるのは草案だけです。先に草案へ戻してください",
		"This person is not known, or may not handle advisories":              "この人は登録されていないか、アドバイザリを扱う権限がありません",
		"The tests find what must be mended first: %s":                        "先に直すべき点がテストで見つかりました: %s",
		"This can't be done now: the advisory is somewhere else":              "今はできません。アドバイザリは別の段階にあります",
		"Somebody who did not write it must do this":                          "執筆していない人が行う必要があります",
		"Say what is to be mended":                                            "直すべき点を書いてください",
		"Nobody has reviewed this text yet":                                   "この本文はまだ誰も査読していません",
		"Say what is new: it will stand in the history":                       "変更内容を書いてください。改訂履歴に載ります",
		"The public text can't be continued: %s":                              "公開中の本文を改訂できません: %s",
		"Say why: everyone will read it":                                      "理由を書いてください。すべての人が読みます",
		"It was never published: there is nothing to continue":                "まだ公開されていないため、改訂できません",
		"An advisory waits for your review":                                   "アドバイザリの査読をお願いします",
		"An advisory came back from its review":                               "アドバイザリが査読から差し戻されました",
		"An advisory was reviewed":                                            "アドバイザリが査読されました",
		"An advisory was approved":                                            "アドバイザリが承認されました",
		"The publication of an advisory needs you":                            "アドバイザリの公開処理に対応が必要です",
		"Sign in to look at it: a mail tells nothing of its content.":         "サインインして確認してください。メールには内容を記載しません。",
		"This instant is over":                                                "この日時は過ぎています",
		"This instant is more than a year away":                               "この日時は1年以上先です",
		"No public site is configured: see psirt.public in the configuration": "公開サイトが設定されていません。設定のpsirt.publicを確認してください",
		"IDs CVE-1900- are for rehearsals: they are published where a simulator stands for CVE Services, and nowhere else": "CVE-1900-は訓練用の番号です。CVE Servicesの代わりにシミュレーターを使う環境でだけ公開できます",
		"The record of %s can't be published: %s": "%sのレコードは公開できません: %s",
		"Nothing of this publication waits":       "この公開処理に待っているものはありません",
		"Advisory %s is public":                   "アドバイザリ%sを公開しました",
		"Say who it is":                           "名前を入力してください",
		"This is no mail address":                 "メールアドレスではありません",
		"Security advisory %s: %s":                "セキュリティアドバイザリ %s: %s",
		"A security advisory about our products was published or updated. Read it here: %s": "当社製品のセキュリティアドバイザリを公開または更新しました。こちらでお読みください: %s",
		"A security advisory for you":     "セキュリティアドバイザリのお知らせ",
		"This file can't be imported: %s": "このファイルは取り込めません: %s",
	})
}
