package app

import (
	_ "yagura/area/psirt/cve" // what it finds is said in both languages
	"yagura/kernel/text"
)

func init() {
	text.Add(text.Japanese{ // yagura cve
		"check CVE records, reserve CVE IDs and publish, rehearse against a simulator":                                               "CVEレコードの検査、CVE IDの予約と公開、シミュレーターでの予行演習",
		"usage: yagura cve lint|reserve|list|quota|publish|update|reject|simulator [flags]":                                          "使い方: yagura cve lint|reserve|list|quota|publish|update|reject|simulator [フラグ]",
		"usage: yagura cve lint [--json] FILE…":                                                                                      "使い方: yagura cve lint [--json] ファイル…",
		"%s: valid, and the rules have nothing against it":                                                                           "%s: 形式は正しく、規則上の指摘もありません",
		"yagura: no CVE Services are configured: set cve.url, cve.org, cve.user and cve.key (or cve.key_file)":                       "yagura: CVE Servicesが設定されていません。cve.url、cve.org、cve.user、cve.key（またはcve.key_file）を設定してください",
		"usage: yagura cve reserve [-amount N] [-year YEAR] [-scattered] [-json]":                                                    "使い方: yagura cve reserve [-amount 個数] [-year 年] [-scattered] [-json]",
		"The service had only %d of %d IDs.":                                                                                         "サービスから得られたIDは%[2]d個のうち%[1]d個だけでした。",
		"usage: yagura cve list [-state RESERVED|PUBLISHED|REJECTED] [-year YEAR] [-json]":                                           "使い方: yagura cve list [-state RESERVED|PUBLISHED|REJECTED] [-year 年] [-json]",
		"%d of %d IDs are reserved, %d more can be.":                                                                                 "予約中のIDは%[2]d個中%[1]d個です。あと%[3]d個予約できます。",
		"yagura: %s is the record of %s, not of %s":                                                                                  "yagura: %[1]sは%[3]sではなく%[2]sのレコードです",
		"Nothing was sent. A finding that is no mistake can be accepted by its clause: -accept 5.2.4":                                "何も送信していません。誤りでない指摘は条項を指定して受け入れられます: -accept 5.2.4",
		"usage: yagura cve publish|update [-accept CLAUSES] ID FILE (update: [-revive])":                                             "使い方: yagura cve publish|update [-accept 条項] ID ファイル（updateでは [-revive] も可）",
		"%s says why an ID is rejected: that is for reject":                                                                          "%sはIDの却下理由です。rejectを使ってください",
		"usage: yagura cve reject -reason TEXT [-replaced-by IDS] ID, or: yagura cve reject ID FILE":                                 "使い方: yagura cve reject -reason 理由 [-replaced-by ID] ID、または: yagura cve reject ID ファイル",
		"%s does not say why an ID is rejected":                                                                                      "%sにIDの却下理由がありません",
		"usage: yagura cve simulator [-listen ADDR] [-data FILE] [-org NAME] [-user NAME] [-key-file FILE] [-quota N] [-real-years]": "使い方: yagura cve simulator [-listen アドレス] [-data ファイル] [-org 名前] [-user 名前] [-key-file ファイル] [-quota 個数] [-real-years]",
		"yagura: the simulator answers on this machine alone: 127.0.0.1, ::1 or localhost":                                           "yagura: シミュレーターが応答できるのはこのコンピューター上だけです（127.0.0.1、::1、localhost）",
	})
}
