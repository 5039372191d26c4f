package demo

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Calendar says when the units that name it work. Days are local dates
// "2026-05-04" on which they do not, though the weekday says so.
type Calendar struct {
	ID            string
	Name          Text
	Week          string // seven letters from Monday on, 1 for a working day
	Opens, Closes int    // minutes after midnight
	Days          map[string]Text
}

// almanac is one calendar. A holiday is "when English|Japanese"; when is MM-DD,
// E±n for days from Easter Sunday, M/n/d for the n-th weekday d (1 is Monday)
// of month M with n = -1 for the last, or VE and AE for the equinoxes in Japan.
// Feasts that follow the moon are left out: their dates are announced, not
// computed.
type almanac struct {
	id            string
	name          Text
	opens, closes int
	moved         bool // what falls on a weekend is taken on the next working day
	days          string
}

const japanDays = `01-01 New Year's Day|元日;1/2/1 Coming of Age Day|成人の日;02-11 National Foundation Day|建国記念の日;02-23 Emperor's Birthday|天皇誕生日;VE Vernal Equinox Day|春分の日;04-29 Showa Day|昭和の日;05-03 Constitution Day|憲法記念日;05-04 Greenery Day|みどりの日;05-05 Children's Day|こどもの日;7/3/1 Marine Day|海の日;08-11 Mountain Day|山の日;9/3/1 Respect for the Aged Day|敬老の日;AE Autumnal Equinox Day|秋分の日;10/2/1 Sports Day|スポーツの日;11-03 Culture Day|文化の日;11-23 Labour Thanksgiving Day|勤労感謝の日`

const japanYearEnd = `;01-02 New Year holidays|年始休業;01-03 New Year holidays|年始休業;12-29 Year-end holidays|年末休業;12-30 Year-end holidays|年末休業;12-31 Year-end holidays|年末休業`

const japanWorks = `;04-30 Spring shutdown|春季連休;05-01 Spring shutdown|春季連休;08-12 Summer shutdown|夏季連休;08-13 Summer shutdown|夏季連休;08-14 Summer shutdown|夏季連休;08-15 Summer shutdown|夏季連休`

const christmas = `;12-25 Christmas Day|クリスマス`

var almanacs = []almanac{
	{"jp-office", Text{"Japan, offices", "日本(事業所)"}, 8*60 + 45, 17*60 + 30, true, japanDays + japanYearEnd},
	{"jp-works", Text{"Japan, plants", "日本(工場)"}, 8 * 60, 17 * 60, true, japanDays + japanYearEnd + japanWorks},
	{"sg", Text{"Singapore", "シンガポール"}, 9 * 60, 18 * 60, true, `01-01 New Year's Day|元日;E-2 Good Friday|聖金曜日;05-01 Labour Day|労働者の日;08-09 National Day|独立記念日` + christmas},
	{"de-nw", Text{"Germany, North Rhine-Westphalia", "ドイツ(ノルトライン=ヴェストファーレン州)"}, 8 * 60, 17 * 60, false, `01-01 New Year's Day|元日;E-2 Good Friday|聖金曜日;E+1 Easter Monday|復活祭月曜日;05-01 Labour Day|労働者の日;E+39 Ascension Day|昇天祭;E+50 Whit Monday|聖霊降臨祭月曜日;E+60 Corpus Christi|聖体祭;10-03 Day of German Unity|ドイツ統一の日;11-01 All Saints' Day|諸聖人の日;12-26 Second Christmas Day|クリスマス第2日` + christmas},
	{"nl", Text{"Netherlands", "オランダ"}, 8*60 + 30, 17 * 60, false, `01-01 New Year's Day|元日;E+1 Easter Monday|復活祭月曜日;04-27 King's Day|国王の日;E+39 Ascension Day|昇天祭;E+50 Whit Monday|聖霊降臨祭月曜日;12-26 Second Christmas Day|クリスマス第2日` + christmas},
	{"se", Text{"Sweden", "スウェーデン"}, 8 * 60, 17 * 60, false, `01-01 New Year's Day|元日;01-06 Epiphany|公現祭;E-2 Good Friday|聖金曜日;E+1 Easter Monday|復活祭月曜日;05-01 Labour Day|労働者の日;E+39 Ascension Day|昇天祭;06-06 National Day|建国記念日;12-24 Christmas Eve|クリスマスイブ;12-26 Second Christmas Day|クリスマス第2日` + christmas},
	{"it", Text{"Italy", "イタリア"}, 8*60 + 30, 17*60 + 30, false, `01-01 New Year's Day|元日;01-06 Epiphany|公現祭;E+1 Easter Monday|復活祭月曜日;04-25 Liberation Day|解放記念日;05-01 Labour Day|労働者の日;06-02 Republic Day|共和国記念日;08-15 Assumption Day|聖母被昇天祭;11-01 All Saints' Day|諸聖人の日;12-08 Immaculate Conception|無原罪の御宿り;12-26 St Stephen's Day|聖ステファノの日` + christmas},
	{"cz", Text{"Czechia", "チェコ"}, 7 * 60, 15*60 + 30, false, `01-01 New Year's Day|元日;E-2 Good Friday|聖金曜日;E+1 Easter Monday|復活祭月曜日;05-01 Labour Day|労働者の日;05-08 Victory Day|戦勝記念日;07-05 Cyril and Methodius|キュリロスとメトディオスの日;07-06 Jan Hus Day|ヤン・フス記念日;09-28 Statehood Day|国家の日;10-28 Independence Day|独立記念日;11-17 Freedom and Democracy Day|自由と民主主義の日;12-24 Christmas Eve|クリスマスイブ;12-26 Second Christmas Day|クリスマス第2日` + christmas},
	{"gb", Text{"England", "イングランド"}, 9 * 60, 17*60 + 30, true, `01-01 New Year's Day|元日;E-2 Good Friday|聖金曜日;E+1 Easter Monday|復活祭月曜日;5/1/1 Early May holiday|5月初旬の祝日;5/-1/1 Spring holiday|春の祝日;8/-1/1 Summer holiday|夏の祝日;12-26 Boxing Day|ボクシングデー` + christmas},
	{"us", Text{"United States", "米国"}, 8 * 60, 17 * 60, true, `01-01 New Year's Day|元日;1/3/1 Martin Luther King Day|キング牧師記念日;5/-1/1 Memorial Day|戦没将兵追悼記念日;06-19 Juneteenth|奴隷解放記念日;07-04 Independence Day|独立記念日;9/1/1 Labor Day|労働者の日;11/4/4 Thanksgiving|感謝祭;11/4/5 Day after Thanksgiving|感謝祭翌日` + christmas},
	{"mx", Text{"Mexico", "メキシコ"}, 8 * 60, 18 * 60, false, `01-01 New Year's Day|元日;2/1/1 Constitution Day|憲法記念日;3/3/1 Benito Juárez Day|ベニート・フアレス生誕日;05-01 Labour Day|労働者の日;09-16 Independence Day|独立記念日;11/3/1 Revolution Day|革命記念日` + christmas},
	{"br", Text{"Brazil", "ブラジル"}, 8 * 60, 18 * 60, false, `01-01 New Year's Day|元日;E-48 Carnival|カーニバル;E-47 Carnival|カーニバル;E-2 Good Friday|聖金曜日;04-21 Tiradentes|チラデンテスの日;05-01 Labour Day|労働者の日;E+60 Corpus Christi|聖体祭;09-07 Independence Day|独立記念日;10-12 Our Lady of Aparecida|アパレシーダの聖母の日;11-02 All Souls' Day|死者の日;11-15 Republic Day|共和国宣言記念日;11-20 Black Awareness Day|黒人意識の日` + christmas},
	{"th", Text{"Thailand", "タイ"}, 8 * 60, 17 * 60, true, `01-01 New Year's Day|元日;04-13 Songkran|ソンクラーン;04-14 Songkran|ソンクラーン;04-15 Songkran|ソンクラーン;05-01 Labour Day|労働者の日;12-05 National Day|国家の日;12-10 Constitution Day|憲法記念日;12-31 New Year's Eve|大晦日`},
	{"cn", Text{"China", "中国"}, 8*60 + 30, 17*60 + 30, false, `01-01 New Year's Day|元日;05-01 Labour Day|労働節;05-02 Labour Day|労働節;10-01 National Day|国慶節;10-02 National Day|国慶節;10-03 National Day|国慶節`},
}

// Calendars returns the working calendars that units name, with the holidays
// of the years from first to last.
func Calendars(first, last int) []Calendar {
	out := make([]Calendar, len(almanacs))
	for i, a := range almanacs {
		c := Calendar{a.id, a.name, "1111100", a.opens, a.closes, map[string]Text{}}
		for y := first; y <= last; y++ {
			a.fill(c.Days, y)
		}
		out[i] = c
	}
	return out
}

func (a almanac) fill(days map[string]Text, year int) {
	type feast struct {
		day  time.Time
		name Text
	}
	var feasts []feast
	for _, h := range strings.Split(a.days, ";") {
		when, names, _ := strings.Cut(h, " ")
		en, ja, _ := strings.Cut(names, "|")
		d := feastDay(when, year)
		feasts = append(feasts, feast{d, Text{en, ja}})
		days[d.Format(time.DateOnly)] = Text{en, ja}
	}
	if !a.moved {
		return
	}
	for _, f := range feasts {
		late := f.day.Weekday() == time.Sunday || f.day.Weekday() == time.Saturday && !strings.HasPrefix(a.id, "jp")
		if !late || strings.Contains(f.name.En, "shutdown") || strings.Contains(f.name.En, "holidays") {
			continue
		}
		d := f.day
		for taken := true; taken || d.Weekday() == time.Saturday || d.Weekday() == time.Sunday; {
			d = d.AddDate(0, 0, 1)
			_, taken = days[d.Format(time.DateOnly)]
		}
		days[d.Format(time.DateOnly)] = Text{f.name.En + " (taken)", f.name.Ja + " 振替休日"}
	}
	if strings.HasPrefix(a.id, "jp") { // a day between two national holidays is one; it can only be this
		d := feastDay("AE", year).AddDate(0, 0, -1)
		_, before := days[d.AddDate(0, 0, -1).Format(time.DateOnly)]
		if _, is := days[d.Format(time.DateOnly)]; before && !is && d.Weekday() != time.Sunday {
			days[d.Format(time.DateOnly)] = Text{"Citizens' Holiday", "国民の休日"}
		}
	}
}

func feastDay(when string, year int) time.Time {
	date := func(m, d int) time.Time { return time.Date(year, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	var m, n, d int
	switch {
	case when == "VE":
		return date(3, equinox(20.8431, year))
	case when == "AE":
		return date(9, equinox(23.2488, year))
	case when[0] == 'E':
		fmt.Sscanf(when[1:], "%d", &n)
		return easter(year).AddDate(0, 0, n)
	case strings.Contains(when, "/"):
		fmt.Sscanf(when, "%d/%d/%d", &m, &n, &d)
		if n < 0 {
			end := date(m+1, 0)
			return end.AddDate(0, 0, -((int(end.Weekday()) - d + 7) % 7))
		}
		start := date(m, 1)
		return start.AddDate(0, 0, (d-int(start.Weekday())+7)%7+7*(n-1))
	}
	fmt.Sscanf(when, "%d-%d", &m, &d)
	return date(m, d)
}

// equinox is the day of the month in Japan, right for 1980 to 2099.
func equinox(base float64, year int) int {
	y := year - 1980
	return int(math.Floor(base + 0.242194*float64(y) - float64(y/4)))
}

// easter is Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher).
func easter(y int) time.Time {
	a, b, c := y%19, y/100, y%100
	d, e, f := b/4, b%4, (b+8)/25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(y, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
