package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// local adds an event at a local time of a site that falls into the day.
func (s *script) local(at *site, hour, minute, second int, make func(time.Time) Event) {
	l := s.day.In(at.zone)
	t := time.Date(l.Year(), l.Month(), l.Day(), hour, minute, second, 0, at.zone)
	if t.Before(s.day) {
		t = t.AddDate(0, 0, 1)
	}
	if t.Sub(s.day) >= 24*time.Hour {
		t = t.AddDate(0, 0, -1)
	}
	if t.Before(s.day) { // the hour that a change of summer time leaves out
		t = s.day
	}
	t = t.UTC()
	s.out = append(s.out, timed{t, func() Event { return make(t) }})
}

// routine is what a day always has: backups, patches, administrators at work,
// and the handful of things that rules rightly report though nothing is wrong.
func routine(s *script, r *rand.Rand) {
	for _, at := range s.sc.cast.sites {
		s.backup(at)
		s.patch(at, r.IntN(30))
		s.administration(at, r.IntN(40))
	}
	s.falseAlarms()
}

func (s *script) backup(at *site) {
	for i, host := range at.servers {
		if i > 2 {
			break
		}
		p := program{system32 + "vssadmin.exe", "", `C:\Program Files\BackupSuite\agent.exe`, "Microsoft Corporation", true}
		s.local(at, 1, 5+i, 12, func(t time.Time) Event { return s.sc.started(at, t, host, localSystem, p, "vssadmin.exe list shadows") })
		s.local(at, 1, 6+i, 2, func(t time.Time) Event {
			return s.sc.started(at, t, host, localSystem, p, "vssadmin.exe create shadow /for=D:")
		})
	}
	s.local(at, 2, 10, 0, func(t time.Time) Event {
		return at.firewall(t, flow{"accept", "server", "wan", server(at.unit, 8), "198.18.200.9", 40112, 443, "tcp", "backup-offsite", 9_400_000_000 + int64(at.unit.People)*1_000_000, 4_000_000, 3400})
	})
}

func (s *script) patch(at *site, minute int) {
	for i, host := range at.stations {
		if i > 4 {
			break
		}
		s.local(at, 3, minute, i*7, func(t time.Time) Event {
			return s.sc.started(at, t, host, localSystem, program{system32 + "wusa.exe", "", `C:\Windows\CCM\CcmExec.exe`, "Microsoft Corporation", true},
				`wusa.exe C:\Windows\ccmcache\3f\windows11.0-kb5068861-x64.msu /quiet /norestart`)
		})
		s.local(at, 3, minute+1, i*7, func(t time.Time) Event {
			return s.sc.started(at, t, host, localSystem, program{system32 + "msiexec.exe", "", `C:\Windows\CCM\CcmExec.exe`, "Microsoft Corporation", true},
				`msiexec.exe /i https://packages.kirishio.example/viewer-11.2.msi /qn`)
		})
		s.local(at, 3, minute+2, i*7, func(t time.Time) Event {
			return at.windows(t, s.sc.system(t, host, 7036).text("param1", "Windows Modules Installer").text("param2", "running"))
		})
	}
}

func (s *script) administration(at *site, minute int) {
	admin := at.users[len(at.users)-1]
	admin.login = "adm-" + admin.login[2:]
	target := at.servers[len(at.servers)-1]
	shell := program{powershell, "", `C:\Windows\explorer.exe`, "Microsoft Corporation", false}
	s.local(at, 10, minute, 0, func(t time.Time) Event {
		return at.windows(t, s.sc.signedOn(t, target, admin, 10, server(at.unit, 7), "User32"))
	})
	s.local(at, 10, minute+1, 20, func(t time.Time) Event {
		return s.sc.started(at, t, target, netbios+admin.login, shell, `powershell.exe -NoProfile -File \\INZ-SRV02\scripts\Test-Backup.ps1`)
	})
	s.local(at, 10, minute+4, 0, func(t time.Time) Event {
		return s.sc.started(at, t, target, netbios+admin.login, program{system32 + "schtasks.exe", "", system32 + "cmd.exe", "Microsoft Corporation", false},
			`schtasks /create /tn NightlyReport /sc daily /st 02:00 /tr "C:\Program Files\Reports\run.exe"`)
	})
	s.local(at, 10, minute+6, 30, func(t time.Time) Event {
		return at.windows(t, s.sc.serviceInstalled(t, target, "Backup Agent", `"C:\Program Files\BackupSuite\agent.exe"`, "LocalSystem"))
	})
	if at.unit.Net%3 == 0 {
		s.local(at, 11, minute, 0, func(t time.Time) Event {
			return s.sc.started(at, t, target, netbios+admin.login, program{system32 + "wevtutil.exe", "", system32 + "cmd.exe", "Microsoft Corporation", false}, "wevtutil qe System /c:20 /f:text /rd:true")
		})
	}
}

// FalseAlarms is how many events of an ordinary day rules of the starter pack
// report: none above medium.
const FalseAlarms = 9

func (s *script) falseAlarms() {
	of := func(id string) *site { return s.sc.cast.byID[id] }
	yokohama, nagoya, munich, chicago, research, logistics := of("head-office"), of("works-nagoya"), of("sales-germany"), of("office-americas"), of("research"), of("logistics")
	reset := func(at *site, hour, minute, n int, desk, ticket string) {
		s.local(at, hour, minute, 31, func(t time.Time) Event {
			return at.signIn(t, identity(t, "mfa.reset", at.users[n].login, "success").text("actor", desk).text("ticket", ticket).text("src_ip", server(at.unit, 20)).text("country", at.country))
		})
	}
	reset(yokohama, 10, 42, 7, "desk-jp-2", "REQ-88214")
	reset(chicago, 14, 5, 1, "desk-am-1", "REQ-88302")
	s.local(yokohama, 9, 3, 8, func(t time.Time) Event {
		return yokohama.windows(t, s.sc.audit(t, yokohama.domainController(), 4740).text("TargetUserName", "svc-scan").text("TargetDomainName", "YOK-SRV05").
			text("TargetSid", sid(20, 3301)).text("SubjectUserName", "YOK-DC01$"))
	})
	s.local(nagoya, 8, 15, 40, func(t time.Time) Event {
		return nagoya.signIn(t, identity(t, "signin", "mfp-nag-b7", "success").text("app", "mail").text("protocol", "smtp-auth").text("src_ip", server(nagoya.unit, 60)).text("country", "JP").text("network", "corporate"))
	})
	for _, hour := range []int{6, 18} {
		s.local(logistics, hour, 30, 2, func(t time.Time) Event {
			return logistics.lookup(t, server(logistics.unit, 71), "gate-cam.mydns.jp", "A", outside(s.sc.r))
		})
	}
	s.local(munich, 11, 26, 15, func(t time.Time) Event {
		who := munich.users[3]
		image := `C:\Users\` + who.login + `\Downloads\AnyDesk.exe`
		return s.sc.started(munich, t, who.host, netbios+who.login, program{image, "", `C:\Windows\explorer.exe`, "AnyDesk Software GmbH", false}, `"`+image+`"`)
	})
	s.local(research, 2, 0, 9, func(t time.Time) Event {
		return research.audited(s.sc, t, research.linux[1], "PATH", pathRecord(s.sc, "/etc/sudoers.d/50-managed", "CREATE"))
	})
	s.local(research, 4, 44, 51, func(t time.Time) Event {
		return research.ssh(s.sc, t, research.linux[0], fmt.Sprintf("error: maximum authentication attempts exceeded for invalid user oracle from %s port 50122 ssh2 [preauth]", outside(s.sc.r)))
	})
}
