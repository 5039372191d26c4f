package intake

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		ProblemNotJSON:   "JSONとして正しくありません",
		ProblemNotObject: "JSONですが、オブジェクトではありません",
		ProblemDeep:      "JSONの入れ子が深すぎます",
		ProblemLong:      "上限より長いため、残りを切り捨てました",
		ProblemEnds:      "途中で終わっています",
		ProblemFrame:     "メッセージの途中で接続が切れました",
	})
}
