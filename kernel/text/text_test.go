package text_test

import (
	"encoding/json"
	"testing"

	"yagura/kernel/text"
)

func init() {
	text.Add(text.Japanese{
		"Test: open§verb":            "テスト:開く",
		"Test: %d of %s, %.1f%%":     "テスト:%[2]s の %[1]d 件、%[3].1f%%",
		"Test: %s was late":          "テスト:%s が遅れました",
		"Test: 100% without numbers": "テスト:数なしの 100%",
	})
}

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		m      text.Message
		en, ja string
	}{
		{text.M("Test: open§verb"), "Test: open", "テスト:開く"},
		{text.M("Test: 100% without numbers"), "Test: 100% without numbers", "テスト:数なしの 100%"},
		{text.M("Test: %s was late", text.M("Test: open§verb")), "Test: Test: open was late", "テスト:テスト:開く が遅れました"},
		{text.M("Test: only in English"), "Test: only in English", "Test: only in English"},
		{text.Literal("100% §"), "100% §", "100% §"},
		{text.Message{}, "", ""},
	} {
		if got := c.m.In(text.EN); got != c.en {
			t.Errorf("%q, want %q", got, c.en)
		}
		if got := c.m.In(text.JA); got != c.ja {
			t.Errorf("%q, want %q", got, c.ja)
		}
		if c.m.String() != c.en {
			t.Errorf("String of %q", c.en)
		}
	}
	if !(text.Message{}).IsZero() || text.M("x").IsZero() {
		t.Error("which sentence is none?")
	}
}

// TestMessagesAreKept writes messages as JSON, as inbox and flashes do, and
// wants the same words back in both languages.
func TestMessagesAreKept(t *testing.T) {
	for _, m := range []text.Message{
		text.M("Test: %d of %s, %.1f%%", 3, "五", 50.0),
		text.M("Test: %d of %s, %.1f%%", int64(1)<<62, "5", 33.35),
		text.M("Test: %s was late", text.M("Test: %s was late", text.Literal("x"))),
		text.M("Test: %v and %v", nil, true),
		text.M("Test: open§verb"),
		{},
	} {
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back text.Message
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		for _, lang := range []text.Lang{text.EN, text.JA} {
			if back.In(lang) != m.In(lang) {
				t.Errorf("%s: %q came back as %q", raw, m.In(lang), back.In(lang))
			}
		}
	}
	var m text.Message
	if err := json.Unmarshal([]byte(`{"key": 1}`), &m); err == nil {
		t.Error("a number was taken for a sentence")
	}
}

func TestLanguages(t *testing.T) {
	for tag, want := range map[string]text.Lang{"ja": text.JA, "ja-JP": text.JA, " JA-jp": text.JA, "en-GB": text.EN, "EN": text.EN} {
		if got, ok := text.Parse(tag); got != want || !ok {
			t.Errorf("%q: %q, %v", tag, got, ok)
		}
	}
	for _, tag := range []string{"", "de", "japanese", "j"} {
		if got, ok := text.Parse(tag); got != text.EN || ok {
			t.Errorf("%q: %q, %v", tag, got, ok)
		}
	}
}

func TestTwoTranslationsAreRefused(t *testing.T) {
	text.Add(text.Japanese{"Test: open§verb": "テスト:開く"}) // the same once more
	defer func() {
		if recover() == nil {
			t.Error("two translations of one sentence")
		}
	}()
	text.Add(text.Japanese{"Test: open§verb": "テスト:空いている"})
}
