package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Add a SAML application":                "SAMLアプリケーションを追加",
		"Application that speaks SAML":          "SAMLに対応したアプリケーション",
		"Assertions are encrypted":              "アサーションの暗号化",
		"Attributes":                            "属性",
		"Certificates for signatures":           "署名用の証明書",
		"Continue§saml":                         "続ける",
		"File§saml":                             "ファイル",
		"Look at it":                            "内容を確認",
		"Metadata of Yagura":                    "Yaguraのメタデータ",
		"Metadata of the application":           "アプリケーションのメタデータ",
		"One EntityDescriptor, at most 256 KiB": "EntityDescriptor一つ、256 KiB以下",
		"One a line: uid, name, mail, groups, unit or roles, an equals sign and the name under which the application knows it": "1行に1つ。uid・name・mail・groups・unit・rolesのいずれか、等号、アプリケーションが使う属性名を書きます",
		"People begin here at":                                       "ここから始める場合のアドレス",
		"People may begin here instead of at the application":        "アプリケーションではなくここから始めることを許可する",
		"Requests must be signed":                                    "要求への署名を必須にする",
		"Signs its requests":                                         "要求への署名",
		"Small letters, digits, dots and hyphens. It never changes.": "英小文字・数字・ピリオド・ハイフン。後から変更できません。",
		"This was read from the metadata. Nothing is saved yet.":     "メタデータから読み取った内容です。まだ保存していません。",
		"What it is told":                                            "伝える情報",
		"What the application says of itself, as its own software writes it. It is shown here before anything is saved. The application in turn needs the metadata of Yagura:": "アプリケーションのソフトウェアが出力する、自身についての情報です。保存の前に内容を表示します。アプリケーションの側にはYaguraのメタデータが必要です:",
		"You are being taken back to %s.":           "%s に戻ります。",
		"a name of its own that stays (persistent)": "このアプリケーション専用の固定名(persistent)",
		"another name in each session (transient)":  "セッションごとに異なる名前(transient)",
		"entityID":                        "entityID",
		"is told of sign-outs (SOAP)":     "サインアウトの通知先(SOAP)",
		"no§saml":                         "いいえ",
		"or its text":                     "またはその内容",
		"sign-out by form":                "フォームによるサインアウト",
		"sign-out by redirect":            "リダイレクトによるサインアウト",
		"the mail address (emailAddress)": "メールアドレス(emailAddress)",
		"yes§saml":                        "はい",
	})
}
