package identity

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s is no address for sign-outs: https, without fragment":                                                                     "%s はサインアウトの送信先にできません。httpsで、フラグメントを含めないでください",
		"%s is not understood: one a line, uid, name, mail, groups, unit or roles, then an equals sign and the name of the attribute": "%s を解釈できません。1行に1つ、uid・name・mail・groups・unit・rolesのいずれか、等号、属性名の順に書いてください",
		"Another application has this entityID":                                                                                       "このentityIDは別のアプリケーションが使用しています",
		"At most 30 attributes":                                                                                                       "属性は30件までです",
		"The entityID must be a URI of at most 1024 characters":                                                                       "entityIDは1024文字以内のURIにしてください",
		"The index %d stands at two AssertionConsumerServices":                                                                        "index %d が二つのAssertionConsumerServiceにあります",
		"The metadata has no certificate by which signatures could be verified":                                                       "署名を検証できる証明書がメタデータにありません",
		"1 to 20 AssertionConsumerServices with the binding HTTP-POST are needed":                                                     "HTTP-POST バインディングの AssertionConsumerService が 1～20 件必要です",
		"A certificate can't be read":                                                                                                 "証明書を読めません",
	})
}
