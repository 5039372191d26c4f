package store

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"The disk of the database is full: nothing was saved. Please tell your administrator.": "データベースのディスクに空きがないため、何も保存されませんでした。管理者に連絡してください。",
		"The database is too busy just now: nothing was saved. Please try again.":              "データベースが混み合っているため、何も保存されませんでした。もう一度お試しください。",
	})
}
