package demo

import (
	"fmt"
	"strings"
	"time"
)

// domainController is the server that answers sign-ons of a site.
func (s *site) domainController() string {
	return strings.Replace(s.servers[0], "-SRV01", "-DC01", 1)
}

func (sc *scene) signedOn(at time.Time, host string, who user, kind int64, ip, process string) *object {
	return sc.audit(at, host, 4624).text("TargetUserSid", who.sid).text("TargetUserName", who.login).text("TargetDomainName", "KIRISHIO").
		text("TargetLogonId", fmt.Sprintf("0x%x", sc.r.IntN(1<<24))).number("LogonType", kind).text("LogonProcessName", process).
		text("AuthenticationPackageName", process).text("IpAddress", ip).number("IpPort", int64(49152+sc.r.IntN(16000))).text("ElevatedToken", "%%1843")
}

func signedOn(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	switch sc.r.IntN(10) {
	case 0, 1:
		return s.windows(at, sc.signedOn(at, who.host, who, 2, "127.0.0.1", "User32"))
	case 2, 3:
		return s.windows(at, sc.signedOn(at, who.host, who, 7, "-", "Negotiat"))
	case 4:
		return s.windows(at, sc.signedOn(at, pick(sc.r, s.servers), who, 10, who.ip, "User32"))
	}
	return s.windows(at, sc.signedOn(at, pick(sc.r, s.servers), who, 3, who.ip, "Kerberos"))
}

func signedOff(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	return s.windows(at, sc.audit(at, pick(sc.r, s.servers), 4634).text("TargetUserSid", who.sid).text("TargetUserName", who.login).
		text("TargetDomainName", "KIRISHIO").text("TargetLogonId", fmt.Sprintf("0x%x", sc.r.IntN(1<<24))).number("LogonType", 3))
}

func specialRights(sc *scene, s *site, at time.Time) Event {
	return s.windows(at, sc.audit(at, pick(sc.r, s.servers), 4672).text("SubjectUserSid", "S-1-5-18").text("SubjectUserName", "SYSTEM").
		text("SubjectDomainName", "NT AUTHORITY").text("SubjectLogonId", "0x3e7").text("PrivilegeList", "SeBackupPrivilege SeRestorePrivilege SeSecurityPrivilege"))
}

func (sc *scene) ticket(at time.Time, s *site, who user, service, encryption string) *object {
	return sc.audit(at, s.domainController(), 4769).text("TargetUserName", who.login+"@KIRISHIO.EXAMPLE").text("TargetDomainName", "KIRISHIO.EXAMPLE").
		text("ServiceName", service).text("TicketOptions", "0x40810000").text("TicketEncryptionType", encryption).
		text("IpAddress", "::ffff:"+who.ip).number("IpPort", int64(49152+sc.r.IntN(16000))).text("Status", "0x0").text("LogonGuid", sc.guid())
}

func ticketIssued(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	service := strings.SplitN(pick(sc.r, s.servers), ".", 2)[0] + "$"
	encryption := "0x12"
	switch sc.r.IntN(12) {
	case 0:
		service = "krbtgt"
	case 1:
		service = "svc-erp"
	case 2: // old storage that only knows RC4: a computer account, so no alarm
		service, encryption = "NAS-"+strings.ToUpper(s.unit.Code)+"$", "0x17"
	}
	return s.windows(at, sc.ticket(at, s, who, service, encryption))
}

func signOnFailed(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	return s.windows(at, sc.audit(at, who.host, 4625).text("TargetUserSid", "S-1-0-0").text("TargetUserName", who.login).text("TargetDomainName", "KIRISHIO").
		text("Status", "0xc000006d").text("SubStatus", "0xc000006a").number("LogonType", 2).text("IpAddress", "127.0.0.1").text("ProcessName", system32+"svchost.exe"))
}

var services = []string{"Windows Update", "Background Intelligent Transfer Service", "Windows Modules Installer", "Software Protection", "Backup Agent"}

func serviceChanged(sc *scene, s *site, at time.Time) Event {
	return s.windows(at, sc.system(at, pick(sc.r, s.servers), 7036).text("param1", pick(sc.r, services)).text("param2", pick(sc.r, []string{"running", "stopped"})))
}

func (sc *scene) serviceInstalled(at time.Time, host, name, path, account string) *object {
	return sc.system(at, host, 7045).text("ServiceName", name).text("ImagePath", path).text("ServiceType", "user mode service").
		text("StartType", "demand start").text("AccountName", account)
}
