package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/ledger"
	"yagura/kernel/search"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

var (
	tables = []store.Migrations{authz.Migrations, ledger.Migrations, search.Migrations}
	system = authz.System("test")
	ctx    = context.Background()
)

const read authz.Act = "incident.read"

func put(t testing.TB, db *store.DB, docs ...search.Doc) {
	t.Helper()
	if err := db.Operate(ctx, func(tx *store.Tx) error {
		for _, d := range docs {
			if err := search.Put(tx, d); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func look(t testing.TB, db *store.DB, by authz.Actor, q search.Query) (f search.Found) {
	t.Helper()
	if err := db.View(ctx, func(tx *store.Tx) (err error) {
		f, err = search.Look(tx, by, q)
		return err
	}); err != nil {
		t.Fatalf("%q: %v", q.Text, err)
	}
	return f
}

func refs(f search.Found) string {
	var all []string
	for _, h := range f.Hits {
		all = append(all, h.Ref)
	}
	return strings.Join(all, " ")
}

// What is found of Japanese is what LIKE finds, at every length.
func TestJapaneseIsFoundExactly(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		r := rand.New(rand.NewPCG(1, 2))
		pieces := []string{"情報", "漏洩", "名古屋", "製作所", "の", "報告", "漏", "洩", "ネットワーク", "サーバー", "停止", "PLC", " ", "、", "。", "不正", "アクセス", "を", "検知", "した", "報", "情", "屋", "古", "名", "\n", "-", "２０２６", "%", "_", "々", "𠮷野", "가나"}
		var docs []search.Doc
		for i := range 600 {
			var b strings.Builder
			for range 3 + r.IntN(25) {
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
			docs = append(docs, search.Doc{Kind: "x", Ref: fmt.Sprint(i), Act: read, Title: "t", Text: b.String()})
		}
		put(t, db, docs...)
		words := []string{"漏洩", "名古屋", "情報", "情", "屋", "ー", "報告漏洩", "ネットワークサーバー", "サーバー停止", "𠮷野", "𠮷", "가나", "々", "のを", "洩漏", "検知した", "漏洩報告情報", "ワーク"}
		nonzero := 0
		for _, w := range words {
			var want int
			if err := db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COUNT(*) FROM search_doc WHERE body LIKE $1", "%"+w+"%").Scan(&want)
			}); err != nil {
				t.Fatal(err)
			}
			if got := look(t, db, system, search.Query{Text: w}).Total; got != want {
				t.Errorf("%s: %d, LIKE finds %d", w, got, want)
			}
			if want > 0 {
				nonzero++
			}
		}
		if nonzero < 14 {
			t.Errorf("only %d of the words occur at all", nonzero)
		}
		// Two words: both must be there.
		var want int
		for _, d := range docs {
			if strings.Contains(d.Text, "漏洩") && strings.Contains(d.Text, "名古屋") {
				want++
			}
		}
		if got := look(t, db, system, search.Query{Text: "漏洩　名古屋"}).Total; got != want || want == 0 {
			t.Errorf("two words: %d, want %d", got, want)
		}
	})
}

func TestWordsOfOtherScripts(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		docs := []search.Doc{
			{Ref: "INC-2026-0418", Title: "Ransomware at Himeji", Text: "The PLC of line 7 stopped. user@example.com C++ 100% done_now"},
			{Ref: "INC-2026-0419", Title: "PLC halted", Text: "Müller in Düsseldorf reports; 2026 and 0418 and INC stand apart"},
			{Ref: "ASSET-1", Title: "ＰＬＣ－７", Text: "ｻｰﾊﾞｰ Москва ΑΘΗΝΑ straße"},
			{Ref: "ASSET-2", Title: "A社のサーバー", Text: "plcs and ransom; himeji works"},
		}
		for i := range docs {
			docs[i].Kind, docs[i].Act, docs[i].At = strings.ToLower(docs[i].Ref[:3]), read, storetest.Start.Add(time.Duration(i)*time.Minute)
		}
		put(t, db, docs...)
		for q, want := range map[string]string{
			"plc":                      "ASSET-1 INC-2026-0419 ASSET-2 INC-2026-0418", // in the title first, then the newest
			"inc-2026-0418":            "INC-2026-0418",
			"INC-2026-04":              "INC-2026-0419 INC-2026-0418",
			"0418":                     "INC-2026-0418 INC-2026-0419",
			"ransom":                   "INC-2026-0418 ASSET-2",
			"muller":                   "INC-2026-0419",
			"MÜLL düssel":              "INC-2026-0419",
			"москва":                   "ASSET-1",
			"моск":                     "ASSET-1",
			"αθηνα":                    "ASSET-1",
			"サーバー":                     "ASSET-2 ASSET-1", // half-width letters too
			"ｻｰﾊﾞｰ":                    "ASSET-2 ASSET-1",
			"A社":                       "ASSET-2",
			"ＰＬＣ-7":                    "ASSET-1",
			"user@example.com":         "INC-2026-0418",
			"c++":                      "INC-2026-0418",
			"100%":                     "INC-2026-0418",
			"done_now":                 "INC-2026-0418",
			`"line 7"`:                 "INC-2026-0418",
			`"7 line"`:                 "",
			"line himeji":              "INC-2026-0418",
			"「himeji works」":           "ASSET-2",
			"imeji":                    "",
			"strasse":                  "",
			"straße":                   "ASSET-1",
			"":                         "",
			"   ":                      "",
			"!!! --- ***":              "",
			`"`:                        "",
			`plc" OR "ransom`:          "",
			"plc OR nothing":           "",
			"tokens:plc":               "",
			"NEAR(plc ransom)":         "",
			"plc*":                     "",
			"plc'; DROP TABLE x":       "",
			"plc & !ransom | (":        "ASSET-2 INC-2026-0418",
			`\' \\ ' plc`:              "ASSET-1 INC-2026-0419 ASSET-2 INC-2026-0418",
			"-plc":                     "",
			strings.Repeat("a", 10000): "",
			"\x00\xff plc":             "ASSET-1 INC-2026-0419 ASSET-2 INC-2026-0418",
		} {
			got := look(t, db, system, search.Query{Text: q})
			if refs(got) != want || got.Total != len(got.Hits) {
				t.Errorf("%.40q: %q (%d), want %q", q, refs(got), got.Total, want)
			}
		}
		found := look(t, db, system, search.Query{Text: "plc", Kind: "ass", Limit: 1})
		if found.Total != 2 || refs(found) != "ASSET-1" || len(found.Kinds) != 2 || found.Kinds[0].Total != 2 {
			t.Errorf("%+v", found)
		}
		if found = look(t, db, system, search.Query{Text: "plc", Limit: 2, Skip: 2}); refs(found) != "ASSET-2 INC-2026-0418" || found.Total != 4 {
			t.Errorf("%+v", found)
		}
		// Renewed and taken out.
		docs[0].Title, docs[0].Text = "Nothing", "at all"
		put(t, db, docs[0])
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			if err := search.Remove(tx, "ass", "ASSET-1"); err != nil {
				return err
			}
			return search.Remove(tx, "ass", "none")
		}); err != nil {
			t.Fatal(err)
		}
		if got := refs(look(t, db, system, search.Query{Text: "plc"})); got != "INC-2026-0419 ASSET-2" {
			t.Error(got)
		}
		if err := db.Operate(ctx, func(tx *store.Tx) error { return search.RemoveKind(tx, "inc") }); err != nil {
			t.Fatal(err)
		}
		if got := refs(look(t, db, system, search.Query{Text: "nothing"})); got != "" {
			t.Error(got)
		}
	})
}

func TestMarks(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		put(t, db, search.Doc{Kind: "x", Ref: "1", Act: read, Title: "ﾈｯﾄﾜｰｸ障害 <b>Müller</b>",
			Text: strings.Repeat("あ", 100) + "\n名古屋製作所の㍻ネットワークが停止。" + strings.Repeat("い", 300)})
		h := look(t, db, system, search.Query{Text: "ネットワーク muller"}).Hits
		if len(h) != 1 {
			t.Fatal(h)
		}
		if got := fmt.Sprint(h[0].Title); got != "[{ﾈｯﾄﾜｰｸ true} {障害 <b> false} {Müller true} {</b> false}]" {
			t.Error(got)
		}
		s := h[0].Snippet
		if len(s) != 5 || s[0].Text != "…" || !strings.HasSuffix(s[1].Text, " 名古屋製作所の㍻") || s[2] != (search.Span{Text: "ネットワーク", Mark: true}) || !strings.HasPrefix(s[3].Text, "が停止。い") || s[4].Text != "…" {
			t.Errorf("%+v", s)
		}
		if h[0].Name() != "ﾈｯﾄﾜｰｸ障害 <b>Müller</b>" {
			t.Error(h[0].Name())
		}
		h = look(t, db, system, search.Query{Text: "平成"}).Hits // a letter that is two
		if len(h) != 1 || len(h[0].Snippet) < 3 || h[0].Snippet[2] != (search.Span{Text: "㍻", Mark: true}) {
			t.Errorf("%+v", h)
		}
	})
}

func TestOnlyWhatOneMaySee(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		dir := authz.NewDirectory(authz.NewPolicy(authz.Table{
			read:           {authz.Regional, authz.Head, authz.Contact},
			"secret.read":  {authz.Head},
			"privacy.read": {authz.Privacy},
		}))
		actors := map[string]authz.Actor{}
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			units := []authz.Unit{{ID: "world", Kind: "region", Parent: "group"}, {ID: "europe", Kind: "region", Parent: "group", Region: "world"}, {ID: "america", Kind: "region", Parent: "group", Region: "world"},
				{ID: "group", Region: "world"}, {ID: "works-lyon", Parent: "group", Region: "europe"}, {ID: "works-ohio", Parent: "group", Region: "america"}, {ID: "group-2", Parent: "works-lyon", Region: "europe"}}
			if err := authz.PutUnits(tx, units...); err != nil {
				return err
			}
			grants := map[string]authz.Grant{
				"europe": {Role: authz.Regional, Tree: authz.Geography, Unit: "europe"},
				"head":   {Role: authz.Head, Tree: authz.Own, Unit: "group"},
				"ohio":   {Role: authz.Contact, Tree: authz.Own, Unit: "works-ohio"},
				"nobody": {Role: authz.Employee, Tree: authz.Own, Unit: "group"},
			}
			for person, g := range grants {
				if err := authz.PutPeople(tx, authz.Person{ID: person, Active: true}); err != nil {
					return err
				}
				g.Person, g.Until = person, tx.Now.Add(time.Hour)
				if err := authz.Found(tx, system, g); err != nil {
					return err
				}
				a, err := dir.ActorOf(tx, person)
				if err != nil {
					return err
				}
				actors[person] = a
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		put(t, db,
			search.Doc{Kind: "incident", Ref: "LYON", Unit: "works-lyon", Act: read, Title: "漏洩 leak"},
			search.Doc{Kind: "incident", Ref: "OHIO", Unit: "works-ohio", Act: read, Title: "漏洩 leak"},
			search.Doc{Kind: "incident", Ref: "BELOW", Unit: "group-2", Act: read, Title: "漏洩 leak"},
			search.Doc{Kind: "incident", Ref: "GROUP", Unit: "", Act: read, Title: "漏洩 leak"},
			search.Doc{Kind: "secret", Ref: "SECRET", Unit: "works-lyon", Act: "secret.read", Title: "漏洩 leak"},
			search.Doc{Kind: "help", Ref: "HELP", Act: "", Title: "漏洩 leak"})
		actors["outsider"] = authz.Outsider("report")
		actors["none"] = authz.Actor{}
		actors["token"] = actors["head"].Limited([]authz.Act{"secret.read"})
		for who, want := range map[string]string{
			"europe": "HELP BELOW LYON", "ohio": "HELP OHIO", "head": "HELP BELOW GROUP LYON OHIO SECRET",
			"nobody": "HELP", "outsider": "", "none": "", "token": "HELP SECRET",
		} {
			for _, q := range []string{"漏洩", "leak"} {
				found := look(t, db, actors[who], search.Query{Text: q})
				if refs(found) != want || found.Total != len(strings.Fields(want)) {
					t.Errorf("%s finds %q (%d), want %q", who, refs(found), found.Total, want)
				}
				total := 0
				for _, k := range found.Kinds {
					total += k.Total
				}
				if total != found.Total {
					t.Errorf("%s is told of %+v", who, found.Kinds)
				}
			}
		}
		if found := look(t, db, actors["head"], search.Query{Text: "leak", Unit: "america"}); refs(found) != "HELP OHIO" {
			t.Error(refs(found))
		}
		if found := look(t, db, actors["europe"], search.Query{Text: "leak", Unit: "america"}); refs(found) != "HELP" {
			t.Error(refs(found))
		}
	})
}

func TestLargeDocument(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		r := rand.New(rand.NewPCG(3, 4))
		var b strings.Builder
		for b.Len() < 200<<10 {
			b.WriteRune(rune(0x4e00 + r.IntN(20000)))
		}
		put(t, db, search.Doc{Kind: "x", Ref: "1", Act: read, Title: strings.Repeat("長", 5000), Text: "\x00\xff始まり" + b.String()})
		if f := look(t, db, system, search.Query{Text: "始まり"}); f.Total != 1 {
			t.Errorf("%+v", f)
		}
		put(t, db, search.Doc{Kind: "x", Ref: "2", Act: read, Text: strings.Repeat("a", 200<<10)})
		if f := look(t, db, system, search.Query{Text: strings.Repeat("a", 300)}); f.Total != 1 {
			t.Errorf("%d", f.Total)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for engine, open := range map[string]func(testing.TB, ...store.Migrations) (*store.DB, *clock.Movable){"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db, _ := open(b, tables...)
			r := rand.New(rand.NewPCG(1, 2))
			words := []string{"名古屋", "製作所", "情報", "漏洩", "不正", "アクセス", "サーバー", "停止", "PLC", "ransomware"}
			var docs []search.Doc
			for i := range 20000 {
				var t strings.Builder
				for range 40 {
					t.WriteString(words[r.IntN(len(words))])
					t.WriteRune(rune(0x4e00 + r.IntN(3000)))
				}
				docs = append(docs, search.Doc{Kind: "x", Ref: fmt.Sprint(i), Act: read, Title: fmt.Sprint("番号", i), Text: t.String()})
			}
			for len(docs) > 0 {
				put(b, db, docs[:1000]...)
				docs = docs[1000:]
			}
			for _, q := range []string{"漏洩", "番号19999", "ransomware 漏洩", "一丁"} {
				b.Run(q, func(b *testing.B) {
					for b.Loop() {
						look(b, db, system, search.Query{Text: q})
					}
				})
			}
		})
	}
}
