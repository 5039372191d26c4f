package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"CMMC":                       "CMMC",
		"CMMC: how the group stands": "CMMC：グループの状況",
		"13 weeks":                   "13週",
	})
}
