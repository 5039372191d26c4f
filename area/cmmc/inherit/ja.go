package inherit

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"the system %q stands twice":                                             "システム %q が二度あります",
		"%q inherits from %q, which there is not":                                "%q が継承する %q はありません",
		"%q is no responsibility: provider or shared":                            "%q は責任の種類ではありません: provider か shared です",
		"%s is inherited in a circle: %s":                                        "%s の継承が循環しています: %s",
		"there is no system %q":                                                  "システム %q はありません",
		"there is no objective %d":                                               "評価目標 %d はありません",
		"%q is no kind of system: enclave, service, esp or csp":                  "%q はシステムの種類ではありません: enclave、service、esp、csp のいずれかです",
		"a cloud service with CUI needs FedRAMP Moderate or its equivalent (%s)": "CUI を扱うクラウドサービスには FedRAMP Moderate または同等が必要です（%s）",
		"the file can't be read: %s":                                             "ファイルを読めません: %s",
	})
}
