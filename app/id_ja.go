package app

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%d sign-ins judged: %d would be refused, %d would need a stronger factor, %d would be let in that were refused":                      "%d件のサインインを判定: 拒否になる %d件、より強い認証が必要になる %d件、新たに許可される %d件",
		"%s\t%d refused\t%d stronger\t%d let in\tof %d":                                                                                       "%s\t拒否 %d件\t要強化 %d件\t許可 %d件\t全%d件",
		"%d times that applications were entered: %d would be refused, %d would need a stronger factor, %d would be let in that were refused": "アプリケーションへの%d回の入室を判定: 拒否になる %d件、より強い認証が必要になる %d件、新たに許可される %d件",
		"%s (%s)\t%d refused\t%d stronger\t%d let in\tof %d":                                                                                  "%s (%s)\t拒否 %d件\t要強化 %d件\t許可 %d件\t全%d件",
		"%d people added, %d changed.":                                                               "追加 %d人、変更 %d人。",
		"Nothing was changed: the file has %d mistakes.":                                             "何も変更していません。ファイルに%d件の誤りがあります。",
		"The trip %s is asked for. It counts once the manager of %s has approved it.":                "出張%sを申請しました。%sの上司が承認すると有効になります。",
		"Would add %d people and change %d.":                                                         "追加 %d人、変更 %d人になります。",
		"The log of authentication of %s is not what it was when it was sealed.":                     "%sの認証ログは、封印したときの内容と一致しません。",
		"%d checks, %d failed; %d attacks, %d accepted":                                              "確認 %d件（失敗 %d件）、攻撃 %d件（成功 %d件）",
		"accepted, or not to be decided: %s (%s): %s":                                                "攻撃が受け入れられたか、判定できません: %s (%s): %s",
		"failed: %s (%s): %s":                                                                        "失敗: %s (%s): %s",
		"usage: yagura id attack -issuer URL -link LINK -secret SECRET -other-secret SECRET [flags]": "使い方: yagura id attack -issuer URL -link リンク -secret シークレット -other-secret シークレット [フラグ]",
		"and %d more": "ほか%d件",
		"usage: yagura id policy test FILE [-unit ID] [-days N] [-json] [-data DIR]":                              "使い方: yagura id policy test ファイル [-unit ID] [-days 日数] [-json] [-data DIR]",
		"%s may sign in again, as far as the containment goes.":                                                   "%sは、封じ込めに関しては再びサインインできます。",
		"Nothing has ended: the account is privileged, and no second person has confirmed it in the console yet.": "何も終了していません。特権アカウントのため、コンソールでの2人目の承認を待っています。",
		"The person is locked out here. Not confirmed: %s":                                                        "Yagura上では締め出しました。未確認: %s",
		"This person is not contained":                                                                            "この人物は封じ込められていません",
	})
}
