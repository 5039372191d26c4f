package correlate

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Approximate: more than 4,096 values came within a slot of the timespan and are kept summed up in 64 parts of it. What was compared is exact for a window that is longer than the timespan by less than a 64th of it.":                                                 "近似値です。1区間に4,096件を超える値があったため、区間を64に分けて合計のみを保持しています。比較した値は、期間より最大64分の1だけ長い範囲についての正確な値です。",
		"Approximate: more than 4,096 values came within a slot of the timespan and few stand for all. The value that was compared is at most 3 per cent of all values away from the place asked for, in a window that is longer than the timespan by less than a 64th of it.": "近似値です。1区間に4,096件を超える値があったため、代表値のみを保持しています。比較した値の順位の誤差は全体の3%以内で、対象範囲は期間より最大64分の1だけ長くなります。",
		"Approximate: more than 4,096 hits of one rule came within a slot of the timespan, and only some are kept. What fired did happen in that order; it may have happened earlier already, and another group may have been missed.":                                         "近似です。1区間に1つのルールの検知が4,096件を超えたため、一部のみを保持しています。検知した順序は実際に起きたものですが、それより前にすでに起きていた可能性や、ほかのグループを見逃した可能性があります。",
	})
}
