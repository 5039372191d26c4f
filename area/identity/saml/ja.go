package saml

import "yagura/kernel/text"

func init() {
	// What people are told.
	text.Add(text.Japanese{
		"The application's request to sign you in is not signed as it must be.":                                        "アプリケーションのサインイン要求に、必要な署名がありません。",
		"The application's request to sign you in is not valid.":                                                       "アプリケーションのサインイン要求が正しくありません。",
		"The application's request to sign you in is too old, or a clock is wrong. Please open the application again.": "アプリケーションのサインイン要求が古すぎるか、時計が合っていません。アプリケーションを開き直してください。",
		"The application's request to sign you in was answered before. Please open the application again.":             "このサインイン要求にはすでに応答しました。アプリケーションを開き直してください。",
		"Too many wrong requests of applications came from your network. Please try again in a minute.":                "お使いのネットワークから、アプリケーションの正しくない要求が多数届きました。1分ほど待ってから、もう一度お試しください。",
		// What is wrong with metadata.
		"The metadata of the application is needed": "アプリケーションのメタデータが必要です",
		"At most 256 KiB":                              "256 KiB 以下にしてください",
		"This is no plain XML: %s":                     "単純な XML ではありません: %s",
		"One EntityDescriptor of SAML 2.0 is expected": "SAML 2.0 の EntityDescriptor が一つ必要です",
		"This is no metadata of SAML 2.0: %s":          "SAML 2.0 のメタデータではありません: %s",
		"Exactly one SPSSODescriptor is expected: the metadata is not of an application, or of several": "SPSSODescriptor がちょうど一つ必要です。アプリケーションのメタデータではないか、複数のものです",
		"The metadata is no longer valid (validUntil)":                                                  "メタデータの有効期限（validUntil）が切れています",
		"The application does not speak SAML 2.0 (protocolSupportEnumeration)":                          "このアプリケーションは SAML 2.0 に対応していません（protocolSupportEnumeration）",
		"A key is too weak: RSA from 2048 bits on, or ECDSA":                                            "鍵が弱すぎます。2048 ビット以上の RSA か ECDSA にしてください",
		"At most %d certificates": "証明書は %d 件までです",
	})
}
