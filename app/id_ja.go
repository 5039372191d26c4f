package app

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%d sign-ins judged: %d would be refused, %d would need a stronger factor, %d would be let in that were refused": "%d件のサインインを判定: 拒否になる %d件、より強い認証が必要になる %d件、新たに許可される %d件",
		"%s\t%d refused\t%d stronger\t%d let in\tof %d":                                                                  "%s\t拒否 %d件\t要強化 %d件\t許可 %d件\t全%d件",
		"and %d more": "ほか%d件",
		"usage: yagura id policy test FILE [-unit ID] [-days N] [-json] [-data DIR]": "使い方: yagura id policy test ファイル [-unit ID] [-days 日数] [-json] [-data DIR]",
	})
}
