package desk

import "yagura/kernel/text"

// The words of the kinds of facts about cases and CVE IDs.
func init() {
	text.Add(text.Japanese{
		"CVE IDs reserved":                              "CVE IDを予約",
		"Draft of an instruction offered":               "指示の案を提示",
		"Report about a website handed to the CSIRT":    "ウェブサイトに関する報告をCSIRTに引き渡し",
		"Reservation of CVE IDs begun":                  "CVE IDの予約を開始",
		"Reservation of CVE IDs refused":                "CVE IDの予約を拒否された",
		"Reservation of CVE IDs without a clear answer": "CVE IDの予約の結果が不明",
		"Unused CVE IDs rejected":                       "未使用のCVE IDを却下",
	})
}
