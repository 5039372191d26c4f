package ledger

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"ledger checkpoint %d: %s": "監査証跡のチェックポイント%d: %s",
		"ledger row %d: %s":        "監査証跡の%d行目: %s",
		"is missing":               "欠けています",
		"does not fit its hash":    "ハッシュと一致しません",
		"does not fit its hash: it was changed, or is not the row that was sealed at this place": "ハッシュと一致しません。変更されたか、この位置に封印された行ではありません",
		"is not what a kept checkpoint says: rows up to it were sealed anew":                     "別に保管されたチェックポイントと一致しません。この行までが封印し直されています",
		"lies behind the last signed checkpoint: the sealer did not put it there":                "最後の署名付きチェックポイントより後ろにあります。正規の封印によるものではありません",
		"its size %d is out of order":                                           "行数 %d が順序どおりではありません",
		"is not what signed checkpoint %d says: rows up to it were sealed anew": "署名付きチェックポイント%dと一致しません。この行までが封印し直されています",
		"is missing: checkpoint %d says there are %d rows":                      "欠けています。チェックポイント%dでは%d行あるはずです",
		"is missing: a kept checkpoint says there were %d rows":                 "欠けています。別に保管されたチェックポイントでは%d行あったはずです",
		"its signature does not hold":                                           "署名を検証できません",
		"its row does not say what was signed":                                  "行の内容が署名された内容と異なります",
		"has no more rows than the one before":                                  "前のチェックポイントより行数が増えていません",
	})
}
