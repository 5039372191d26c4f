package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"yagura/app/demo"
	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// psirtPlay plays what the PSIRT did, at the time at which it did it.
type psirtPlay struct {
	*founding
	ctx  context.Context
	s    *psirt.Service
	by   authz.Actor // the analyst
	head authz.Actor // of the division, who approves
	err  error
}

// do does one thing so long before now.
func (p *psirtPlay) do(ago time.Duration, what func() error) {
	if p.err != nil {
		return
	}
	p.clock.Set(p.now.Add(-ago))
	p.err = what()
}

const day = 24 * time.Hour

// cases are three: one that was just reported, one under embargo that waits for
// answers, and one that is published.
func (f *founding) cases(ctx context.Context, _ demo.History) error {
	p := &psirtPlay{founding: f, ctx: ctx, s: f.a.PSIRT}
	if err := f.a.DB.View(ctx, func(tx *store.Tx) (err error) {
		if p.by, err = f.a.Dir.ActorOf(tx, demo.ProductAnalyst); err == nil {
			p.head, err = f.a.Dir.ActorOf(tx, demo.HeadOfIt)
		}
		return err
	}); err != nil {
		return err
	}
	p.do(90*day, func() error {
		_, err := p.s.ReserveIDs(ctx, p.by, 6, p.a.DB.Now().Year())
		return err
	})
	p.subscribers()
	p.published()
	p.assessing()
	p.do(26*time.Hour, func() error {
		_, err := p.s.ReportByFinder(ctx, psirt.Reporting{Title: f.say(demo.Text{En: "Serial module hangs after a malformed request", Ja: "不正な要求でシリアルユニットが停止する"}), Product: "K7C24",
			Description: f.say(demo.Text{En: "A frame with length zero stops the communication until the power is cycled. Found with a fuzzer; the frame is in the file.",
				Ja: "長さ0のフレームを送ると、電源を入れ直すまで通信が停止します。ファジングで発見しました。フレームは添付ファイルにあります。"}),
			Finder: psirt.Finder{Name: "Mira Halonen", Contact: "mira@research.example"}, Reference: "RL-0417", Credit: true, Lang: f.lang,
			Files: []psirt.Upload{{Name: "frame.bin", Media: "application/octet-stream", Content: strings.NewReader("\x02\x00\x00\x03")}}})
		return err
	})
	return p.err
}

// subscribers are customers who subscribed on the public site, and a coordinator whom
// the PSIRT put on the list.
func (p *psirtPlay) subscribers() {
	p.do(80*day, func() error {
		all, err := p.s.Choices(p.ctx, p.by)
		if err != nil {
			return err
		}
		return p.a.DB.Change(p.ctx, func(tx *store.Tx) error {
			for i, x := range demo.Subscribers() {
				for n := range x.Products {
					x.Products[n] = all[(i*5+n*7)%len(all)].ID
				}
				if err := p.s.SeedSubscriber(tx, player, psirt.Subscriber{Name: x.Name, Mail: x.Mail, Lang: text.Lang(x.Lang), TLP: x.TLP, Own: x.Name == "", Everything: len(x.Products) == 0, Products: x.Products}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// rangeOf is all versions of a product before its newest.
func (p *psirtPlay) rangeOf(name string) (product.Range, error) {
	all, err := p.s.Choices(p.ctx, p.by)
	if err != nil {
		return product.Range{}, err
	}
	for _, c := range all {
		if c.Name != name {
			continue
		}
		x, err := p.s.Product(p.ctx, p.by, c.ID)
		if err != nil || len(x.Firmware) == 0 {
			return product.Range{Product: c.ID}, err
		}
		return product.Range{Product: c.ID, Before: x.Firmware[0].Version}, nil
	}
	return product.Range{}, fmt.Errorf("there is no product %s", name)
}

func (p *psirtPlay) add(id string, names ...string) error {
	for _, n := range names {
		r, err := p.rangeOf(n)
		if err != nil {
			return err
		}
		if _, err := p.s.AddRange(p.ctx, p.by, id, r); err != nil {
			return err
		}
	}
	return nil
}

func (p *psirtPlay) assessing() {
	var id, row string
	var v psirt.Vulnerability
	p.do(12*day, func() error {
		c, err := p.s.Receive(p.ctx, p.by, psirt.Reporting{Channel: psirt.ByPartner, Title: p.say(demo.Text{En: "Overflow in the TCP stack of controllers", Ja: "コントローラのTCPスタックのバッファオーバーフロー"}),
			Description: p.say(demo.Text{En: "The stack copies an option longer than its buffer. Several makers use it; JPCERT/CC coordinates.", Ja: "TCPオプションがバッファより長い場合に領域外に書き込みます。複数の製品開発者が使用しており、JPCERT/CCが調整しています。"}),
			Finder:      psirt.Finder{Name: "JPCERT/CC", Contact: "vultures@coordinator.example"}, Reference: "TN-91827364", Lang: text.JA})
		id = c.ID
		return err
	})
	p.do(11*day, func() error {
		if err := p.s.Triage(p.ctx, p.by, id, psirt.Triage{Outcome: psirt.Accepted, Unit: "works-nagoya"}); err != nil {
			return err
		}
		r, err := p.s.Room(p.ctx, p.by, id)
		if err != nil {
			return err
		}
		if err := p.s.Answer(p.ctx, p.by, id, r.Reports[0].ID, psirt.Answering{Body: p.say(demo.Text{En: "Thank you. We are finding out which products use the stack.", Ja: "ご連絡ありがとうございます。該当する製品を調査しています。"}), Promise: p.now.Add(4 * day)}); err != nil {
			return err
		}
		if v, err = p.s.PutVulnerability(p.ctx, p.by, id, psirt.Vulnerability{Title: "Out-of-bounds write in the TCP stack", TitleJA: "TCPスタックにおける境界外書き込み",
			Description: "A remote attacker can stop the module, or run code in it, by a TCP segment with a long option.", DescriptionJA: "遠隔の攻撃者が、長いオプションを持つTCPセグメントにより、ユニットを停止させる、またはコードを実行する可能性があります。",
			CWE: "CWE-787", Vectors: []string{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
			SSVC: psirt.SSVC{Exploitation: "poc", Utility: "efficient", Impact: "total", Safety: "significant"}}); err != nil {
			return err
		}
		if _, err := p.s.AssignID(p.ctx, p.by, id, v.ID); err != nil {
			return err
		}
		if err := p.s.AddParty(p.ctx, p.by, id, psirt.Party{Kind: psirt.JPCERT, Name: "JPCERT/CC", Reference: "TN-91827364"}); err != nil {
			return err
		}
		return p.s.AddParty(p.ctx, p.by, id, psirt.Party{Kind: psirt.CISA, Name: "CISA", Reference: "VU-2026-118"})
	})
	p.do(10*day, func() error {
		if err := p.add(id, "K7 Ethernet CPU module", "K7 motion CPU module", "Mado 27 operator panel"); err != nil {
			return err
		}
		r, err := p.s.Room(p.ctx, p.by, id)
		if err != nil {
			return err
		}
		if err := p.s.Tell(p.ctx, p.by, id, r.Parties[0].ID, p.say(demo.Text{En: "Confirmed; products are being assessed.", Ja: "脆弱性を確認し、製品への影響を調査中と回答。"}), time.Time{}); err != nil {
			return err
		}
		var rows []string
		for _, x := range r.Ranges {
			if x.Unit == "precision-ueda" || x.Unit == "works-himeji" {
				rows = append(rows, x.ID)
			}
			if x.Unit == "precision-ueda" {
				row = x.ID
			}
		}
		if err := p.s.SetEmbargo(p.ctx, p.by, id, p.now.Add(24*day).Truncate(24*time.Hour).Add(5*time.Hour), p.say(demo.Text{En: "Joint date of all makers", Ja: "全製品開発者の共同公表日"})); err != nil {
			return err
		}
		return p.s.Ask(p.ctx, p.by, id, rows, p.now.Add(2*day))
	})
	p.do(6*day, func() error {
		return p.s.Assess(p.ctx, p.by, id, psirt.Assessment{Vulnerability: v.ID, Range: row, Answer: psirt.NotAffected, Justification: "component_not_present"})
	})
}

func (p *psirtPlay) published() {
	var id, remedy string
	var v psirt.Vulnerability
	p.do(75*day, func() error {
		c, err := p.s.Receive(p.ctx, p.by, psirt.Reporting{Title: p.say(demo.Text{En: "Password of the data logger can be read", Ja: "データロガーのパスワードを読み取れる"}), Product: "K7DL96",
			Description: p.say(demo.Text{En: "The backup file holds the password in the clear.", Ja: "バックアップファイルにパスワードが平文で含まれています。"}), Finder: psirt.Finder{Name: "Lars Winther", Contact: "lars@lab.example"}, Credit: true, Lang: p.lang})
		if err != nil {
			return err
		}
		id = c.ID
		return p.s.Triage(p.ctx, p.by, id, psirt.Triage{Outcome: psirt.Accepted, Unit: "works-nagoya"})
	})
	p.do(73*day, func() (err error) {
		if v, err = p.s.PutVulnerability(p.ctx, p.by, id, psirt.Vulnerability{Title: "Cleartext storage of the password", TitleJA: "パスワードの平文保存", Description: "Whoever has a backup file of the module can read its password.", DescriptionJA: "バックアップファイルを入手した者が、ユニットのパスワードを読み取る可能性があります。",
			CWE: "CWE-312", Vectors: []string{"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N"}}); err != nil {
			return err
		}
		if _, err = p.s.AssignID(p.ctx, p.by, id, v.ID); err != nil {
			return err
		}
		if err := p.add(id, "K7 data logger module"); err != nil {
			return err
		}
		r, err := p.s.Room(p.ctx, p.by, id)
		if err != nil {
			return err
		}
		if err := p.s.Answer(p.ctx, p.by, id, r.Reports[0].ID, psirt.Answering{Body: p.say(demo.Text{En: "Thank you. We confirmed it.", Ja: "ご報告ありがとうございます。脆弱性を確認しました。"}), TellIDs: true}); err != nil {
			return err
		}
		if err := p.s.Assess(p.ctx, p.by, id, psirt.Assessment{Vulnerability: v.ID, Range: r.Ranges[0].ID, Answer: psirt.IsAffected}); err != nil {
			return err
		}
		remedy, err = p.s.PlanRemedy(p.ctx, p.by, id, psirt.Remedy{Vulnerability: v.ID, Kind: psirt.VendorFix, Details: "Update the firmware to the newest version.", DetailsJA: "ファームウェアを最新版に更新してください。", URL: "https://www.kirishio.example/download"})
		return err
	})
	p.do(35*day, func() error { return p.s.RemedyAvailable(p.ctx, p.by, id, remedy, time.Time{}) })
	var a psirt.Advisory
	p.do(34*day, func() (err error) {
		if a, err = p.s.AdviseOf(p.ctx, p.by, id, text.EN); err != nil {
			return err
		}
		if err = p.s.InviteToAdvisory(p.ctx, p.by, a.ID, demo.HeadOfIt); err != nil {
			return err
		}
		a, err = p.s.SubmitAdvisory(p.ctx, p.by, a.ID, 0)
		return err
	})
	p.do(33*day, func() error {
		if _, err := p.s.ReviewAdvisory(p.ctx, p.head, a.ID, 0, true, ""); err != nil {
			return err
		}
		_, err := p.s.ApproveAdvisory(p.ctx, p.head, a.ID, 0)
		return err
	})
	p.do(32*day, func() error {
		if _, err := p.s.ScheduleAdvisory(p.ctx, p.by, a.ID, 0, time.Time{}, false); err != nil {
			return err
		}
		_, err := p.a.Queue.Drain(p.ctx)
		return err
	})
}
