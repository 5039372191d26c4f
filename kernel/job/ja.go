package job

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Waiting§job":          "待機中",
		"Running§job":          "実行中",
		"Done§job":             "完了",
		"Given up§job":         "実行を断念",
		"Discarded§job":        "破棄済み",
		"There is no such job": "該当するジョブはありません",
		"Only a job that was given up can be retried or discarded": "再実行または破棄できるのは、実行を断念したジョブだけです",
		"Give the reason for discarding the job":                   "ジョブを破棄する理由を入力してください",
		"The reason may have at most %d letters":                   "理由は %d 文字以内で入力してください",
	})
}
