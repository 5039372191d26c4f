package plan

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"there are %d measures, more than %d": "施策が %d 件あり、上限の %d 件を超えています",
		"a cost is a whole number of yen":     "費用は円の整数です",
		"there is no enclave %q":              "区画 %q はありません",
		"%q closes nothing":                   "%q は何も満たしません",
		"%d months are not possible":          "%d か月はありえません",
	})
}
