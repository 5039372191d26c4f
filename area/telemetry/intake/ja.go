package intake

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"not valid JSON":                              "JSONとして正しくありません",
		"valid JSON, but not an object":               "JSONですが、オブジェクトではありません",
		"JSON nested too deep":                        "JSONの入れ子が深すぎます",
		"longer than the limit; the rest is cut off":  "上限より長いため、残りを切り捨てました",
		"ends in the middle":                          "途中で終わっています",
		"only create and index are understood":        "createとindexだけを受け付けます",
		"not a Windows event in XML":                  "XML形式のWindowsイベントではありません",
		"not an entry of the journal's export format": "systemdジャーナルのエクスポート形式ではありません",
		"the connection ended within the message":     "メッセージの途中で接続が切れました",
	})
}
