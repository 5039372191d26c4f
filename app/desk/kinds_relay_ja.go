package desk

import "yagura/kernel/text"

// The words of kinds.go about relays.
func init() {
	text.Add(text.Japanese{
		"Relay added":                       "リレーを追加",
		"Enrolment token of a relay issued": "リレーの登録トークンを発行",
		"Relay enrolled":                    "リレーを登録",
		"Relay got its next certificate":    "リレーの証明書を更新",
		"Relay revoked":                     "リレーを失効",
		"Relay fell silent":                 "リレーからの連絡が途絶",
		"Relay reports again":               "リレーからの連絡が再開",
	})
}
