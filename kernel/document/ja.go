package document

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"The file is larger than %d MiB":                                          "ファイルが %d MiB を超えています",
		"There is no such document":                                               "該当する文書はありません",
		"This document no longer fits its checksum %s: it was changed or damaged": "この文書はチェックサム %s と一致しません。変更または破損しています",
	})
}
