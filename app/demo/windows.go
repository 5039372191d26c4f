package demo

import (
	"fmt"
	"strings"
	"time"
)

const (
	sysmonChannel = "Microsoft-Windows-Sysmon/Operational"
	system32      = `C:\Windows\System32\`
	powershell    = system32 + `WindowsPowerShell\v1.0\powershell.exe`
	netbios       = `KIRISHIO\`
	localSystem   = `NT AUTHORITY\SYSTEM`
)

// sysmon begins an event of Sysmon.
func (sc *scene) sysmon(at time.Time, host string, id int64) *object {
	return newObject().text("@timestamp", at.UTC().Format(isoMillis)).number("EventID", id).text("Channel", sysmonChannel).
		text("Provider_Name", "Microsoft-Windows-Sysmon").text("Computer", host).number("EventRecordID", sc.next(host)).
		text("Level", "4").text("UtcTime", at.UTC().Format(sysmonUTC)).text("RuleName", "-")
}

// audit begins an event of the Windows security log.
func (sc *scene) audit(at time.Time, host string, id int64) *object {
	return newObject().text("@timestamp", at.UTC().Format(isoMillis)).number("EventID", id).text("Channel", "Security").
		text("Provider_Name", "Microsoft-Windows-Security-Auditing").text("Computer", host).number("EventRecordID", sc.next(host)).text("Level", "0")
}

func (sc *scene) system(at time.Time, host string, id int64) *object {
	return newObject().text("@timestamp", at.UTC().Format(isoMillis)).number("EventID", id).text("Channel", "System").
		text("Provider_Name", "Service Control Manager").text("Computer", host).number("EventRecordID", sc.next(host)).text("Level", "4")
}

func (s *site) windows(at time.Time, o *object) Event {
	return Event{"win-" + s.unit.Code, s.unit.ID, at, "ndjson", o.line()}
}

func (sc *scene) guid() string {
	return fmt.Sprintf("{%08x-%04x-%04x-%04x-%012x}", sc.r.Uint32(), sc.r.IntN(1<<16), sc.r.IntN(1<<16), sc.r.IntN(1<<16), sc.r.Int64N(1<<48))
}

func (sc *scene) pid() int64 { return int64(400+sc.r.IntN(6000)) * 4 }

// program is something that people and computers start.
type program struct {
	image, command, parent, company string
	system                          bool
}

var officePrograms = []program{
	{`C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, `"%i"`, `C:\Windows\explorer.exe`, "Microsoft Corporation", false},
	{`C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE`, `"%i" "%d\%f.xlsx"`, `C:\Windows\explorer.exe`, "Microsoft Corporation", false},
	{`C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE`, `"%i" /n "%d\%f.docx"`, `C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, "Microsoft Corporation", false},
	{`C:\Program Files\Microsoft Office\root\Office16\POWERPNT.EXE`, `"%i" "%d\%f.pptx"`, `C:\Windows\explorer.exe`, "Microsoft Corporation", false},
	{`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, `"%i" --type=renderer --field-trial-handle=%n`, `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, "Microsoft Corporation", false},
	{`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, `"%i" --single-argument https://intra.kirishio.example/news`, `C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, "Microsoft Corporation", false},
	{`C:\Program Files\Adobe\Acrobat DC\Acrobat\Acrobat.exe`, `"%i" "%d\%f.pdf"`, `C:\Windows\explorer.exe`, "Adobe Inc.", false},
	{`C:\Program Files\WindowsApps\MSTeams_25\ms-teams.exe`, `"%i" --autostart`, `C:\Windows\explorer.exe`, "Microsoft Corporation", false},
	{`C:\Program Files\ERPClient\erpgui.exe`, `"%i" /system:P01 /user:%u`, `C:\Windows\explorer.exe`, "", false},
	{`C:\Program Files\7-Zip\7zFM.exe`, `"%i" "%d\%f.zip"`, `C:\Windows\explorer.exe`, "Igor Pavlov", false},
	{`C:\Windows\System32\notepad.exe`, `"%i" %d\%f.txt`, `C:\Windows\explorer.exe`, "Microsoft Corporation", false},
	{`C:\Windows\System32\svchost.exe`, `%i -k netsvcs -p -s Schedule`, `C:\Windows\System32\services.exe`, "Microsoft Corporation", true},
	{`C:\Windows\System32\taskhostw.exe`, `taskhostw.exe`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", false},
	{`C:\Windows\System32\RuntimeBroker.exe`, `%i -Embedding`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", false},
	{`C:\Windows\System32\gpupdate.exe`, `gpupdate.exe /target:computer`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", true},
	{`C:\Windows\System32\conhost.exe`, `\??\%i 0xffffffff -ForceV1`, `C:\Windows\System32\cmd.exe`, "Microsoft Corporation", true},
	{`C:\Windows\System32\wbem\WmiPrvSE.exe`, `%i -Embedding`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", true},
	{`C:\Windows\System32\cmd.exe`, `cmd.exe /c C:\Inventory\collect.cmd`, `C:\Windows\System32\wbem\WmiPrvSE.exe`, "Microsoft Corporation", true},
	{powershell, `powershell.exe -NoProfile -NonInteractive -EncodedCommand RwBlAHQALQBDAGkAbQBJAG4AcwB0AGEAbgBjAGUAIABXAGkAbgAzADIAXwBCAEkATwBTAA==`, `C:\Windows\CCM\CcmExec.exe`, "Microsoft Corporation", true},
	{powershell, `powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File C:\Scripts\Get-DiskReport.ps1`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", true},
	{`C:\Windows\CCM\CcmExec.exe`, `%i`, `C:\Windows\System32\services.exe`, "Microsoft Corporation", true},
	{`C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe`, `"%i" /ua /installsource scheduler`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", true},
	{`C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26100.1-0\MpCmdRun.exe`, `"%i" SignatureUpdate -ScheduleJob -RestrictPrivileges`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", true},
}

var plantPrograms = []program{
	{`C:\Program Files (x86)\MELSOFT\GPPW3\GXW3.exe`, `"%i" "D:\Projects\Line%l\Main.gx3"`, `C:\Windows\explorer.exe`, "MITSUBISHI ELECTRIC CORPORATION", false},
	{`C:\Program Files (x86)\MELSOFT\GXSimulator3\GXSim3.exe`, `"%i"`, `C:\Program Files (x86)\MELSOFT\GPPW3\GXW3.exe`, "MITSUBISHI ELECTRIC CORPORATION", false},
	{`C:\Program Files\Historian\collector.exe`, `"%i" --line %l`, `C:\Windows\System32\services.exe`, "", true},
	{`C:\Program Files\Inspect\viewer.exe`, `"%i" /station:%l`, `C:\Windows\explorer.exe`, "", false},
	{`C:\Windows\System32\robocopy.exe`, `robocopy D:\Projects \\HIM-SRV02\plcbackup /MIR /R:1`, `C:\Windows\System32\svchost.exe`, "Microsoft Corporation", true},
}

var words = strings.Fields("budget minutes offer drawing schedule order report review shipment plan inspection invoice manual travel training forecast")

// fill puts names into a command line.
func (sc *scene) fill(p program, who user) string {
	if strings.IndexByte(p.command, '%') < 0 {
		return p.command
	}
	return strings.NewReplacer("%i", p.image, "%u", who.login, "%d", `C:\Users\`+who.login+`\Documents`,
		"%f", pick(sc.r, words)+fmt.Sprintf("-%04d", sc.r.IntN(10000)), "%n", fmt.Sprint(sc.r.IntN(100000)), "%l", fmt.Sprint(1+sc.r.IntN(8))).Replace(p.command)
}

// started is a process creation as Sysmon writes it.
func (sc *scene) started(s *site, at time.Time, host, account string, p program, command string) Event {
	base := p.image[strings.LastIndexByte(p.image, '\\')+1:]
	integrity := "Medium"
	if account == localSystem {
		integrity = "System"
	}
	parent := p.parent
	o := sc.sysmon(at, host, 1).text("ProcessGuid", sc.guid()).number("ProcessId", sc.pid()).text("Image", p.image).
		text("OriginalFileName", original(base)).text("Company", p.company).text("CommandLine", command).text("CurrentDirectory", `C:\Windows\system32\`).
		text("User", account).text("LogonId", fmt.Sprintf("0x%x", sc.r.IntN(1<<24))).text("IntegrityLevel", integrity).
		text("Hashes", fmt.Sprintf("SHA256=%016X%016X%016X%016X", sc.r.Uint64(), sc.r.Uint64(), sc.r.Uint64(), sc.r.Uint64())).
		number("ParentProcessId", sc.pid()).text("ParentImage", parent).text("ParentCommandLine", `"`+parent+`"`)
	return s.windows(at, o)
}

func original(base string) string {
	switch strings.ToLower(base) {
	case "powershell.exe":
		return "PowerShell.EXE"
	case "cmd.exe":
		return "Cmd.Exe"
	}
	return base
}

func processStarted(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	host, p := who.host, pick(sc.r, officePrograms)
	if len(s.machines) > 0 && sc.r.IntN(4) == 0 {
		host, p = pick(sc.r, s.machines), pick(sc.r, plantPrograms)
	}
	account := netbios + who.login
	if p.system {
		account = localSystem
	}
	return sc.started(s, at, host, account, p, sc.fill(p, who))
}

var talkers = []struct {
	image, name string
	port        int
	inside      bool
}{
	{`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, "https", 443, false},
	{`C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, "https", 443, false},
	{`C:\Program Files\WindowsApps\MSTeams_25\ms-teams.exe`, "https", 443, false},
	{system32 + `svchost.exe`, "ntp", 123, true}, {system32 + `svchost.exe`, "https", 443, false},
	{system32 + `lsass.exe`, "kerberos", 88, true}, {`System`, "microsoft-ds", 445, true},
	{`C:\Program Files\ERPClient\erpgui.exe`, "-", 3200, true}, {`C:\Windows\CCM\CcmExec.exe`, "https", 443, true},
}

func networkConnected(sc *scene, s *site, at time.Time) Event {
	who, t := pick(sc.r, s.users), pick(sc.r, talkers)
	to := outside(sc.r)
	if t.inside {
		to = server(s.unit, sc.r.IntN(len(s.servers)))
	}
	proto := "tcp"
	if t.port == 123 {
		proto = "udp"
	}
	return s.windows(at, sc.sysmon(at, who.host, 3).text("ProcessGuid", sc.guid()).number("ProcessId", sc.pid()).text("Image", t.image).
		text("User", netbios+who.login).text("Protocol", proto).text("Initiated", "true").text("SourceIsIpv6", "false").text("SourceIp", who.ip).
		number("SourcePort", int64(49152+sc.r.IntN(16000))).text("DestinationIsIpv6", "false").text("DestinationIp", to).number("DestinationPort", int64(t.port)).text("DestinationPortName", t.name))
}

var libraries = strings.Fields(`rpcrt4.dll kernel32.dll combase.dll crypt32.dll winhttp.dll ole32.dll mscoree.dll amsi.dll taskschd.dll`)

func libraryLoaded(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	image, lib, by, signed := system32+"svchost.exe", system32+pick(sc.r, libraries), "Microsoft Windows", "true"
	if sc.r.IntN(12) == 0 { // programs that install per user load their own parts, signed or not
		image, lib = `C:\Users\`+who.login+`\AppData\Local\Programs\Viewer\viewer.exe`, `C:\Users\`+who.login+`\AppData\Local\Programs\Viewer\codec.dll`
		by, signed = "-", "false"
	}
	status := "Valid"
	if signed == "false" {
		status = "Unavailable"
	}
	return s.windows(at, sc.sysmon(at, who.host, 7).text("ProcessGuid", sc.guid()).number("ProcessId", sc.pid()).text("Image", image).
		text("ImageLoaded", lib).text("Signed", signed).text("Signature", by).text("SignatureStatus", status).text("User", netbios+who.login))
}

var opened = []struct{ from, to, rights string }{
	{system32 + "svchost.exe", system32 + "RuntimeBroker.exe", "0x1000"}, {system32 + "svchost.exe", system32 + "lsass.exe", "0x1000"},
	{system32 + "taskhostw.exe", system32 + "lsass.exe", "0x1000"}, {system32 + "csrss.exe", system32 + "lsass.exe", "0x1fffff"},
	{`C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26100.1-0\MsMpEng.exe`, system32 + "lsass.exe", "0x1410"},
	{system32 + "wbem\\WmiPrvSE.exe", system32 + "lsass.exe", "0x1410"}, {system32 + "Taskmgr.exe", `C:\Program Files\ERPClient\erpgui.exe`, "0x1410"},
	{`C:\Windows\CCM\CcmExec.exe`, system32 + "svchost.exe", "0x1000"},
}

func processOpened(sc *scene, s *site, at time.Time) Event {
	who, x := pick(sc.r, s.users), pick(sc.r, opened)
	return s.windows(at, sc.opened(at, who.host, x.from, x.to, x.rights, localSystem))
}

func (sc *scene) opened(at time.Time, host, from, to, rights, account string) *object {
	return sc.sysmon(at, host, 10).text("SourceProcessGUID", sc.guid()).number("SourceProcessId", sc.pid()).text("SourceImage", from).
		text("TargetProcessGUID", sc.guid()).number("TargetProcessId", sc.pid()).text("TargetImage", to).text("GrantedAccess", rights).
		text("CallTrace", fmt.Sprintf(`C:\Windows\SYSTEM32\ntdll.dll+%x|C:\Windows\System32\KERNELBASE.dll+%x`, 0x9d000+sc.r.IntN(4096), 0x2c000+sc.r.IntN(4096))).
		text("SourceUser", account).text("TargetUser", localSystem)
}

func fileWritten(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	home := `C:\Users\` + who.login
	name := pick(sc.r, words) + fmt.Sprintf("-%04d", sc.r.IntN(10000))
	image, target := `C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE`, home+`\Documents\`+name+".xlsx"
	switch sc.r.IntN(6) {
	case 0:
		image, target = `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, home+`\Downloads\`+name+".pdf"
	case 1:
		image, target = system32+"svchost.exe", `C:\Windows\Prefetch\MSEDGE.EXE-`+fmt.Sprintf("%08X", sc.r.Uint32())+".pf"
	case 2:
		image, target = system32+"msiexec.exe", `C:\Program Files\Common Files\`+name+".dll"
	case 3:
		image, target = `C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, home+`\AppData\Local\Microsoft\Outlook\`+who.login+".ost"
	case 4:
		image, target = system32+"notepad.exe", home+`\Documents\readme.txt`
	}
	return s.windows(at, sc.written(at, who.host, image, target, netbios+who.login))
}

func (sc *scene) written(at time.Time, host, image, target, account string) *object {
	return sc.sysmon(at, host, 11).text("ProcessGuid", sc.guid()).number("ProcessId", sc.pid()).text("Image", image).
		text("TargetFilename", target).text("CreationUtcTime", at.UTC().Format(sysmonUTC)).text("User", account)
}

var values = []struct{ image, object, details string }{
	{system32 + "svchost.exe", `HKLM\System\CurrentControlSet\Services\W32Time\Config\Status`, "Binary Data"},
	{`C:\Windows\explorer.exe`, `HKU\%s\Software\Microsoft\Windows\CurrentVersion\Explorer\FileExts\.xlsx\OpenWithList\a`, "EXCEL.EXE"},
	{system32 + "msiexec.exe", `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\SecurityHealth`, `%windir%\system32\SecurityHealthSystray.exe`},
	{`C:\Users\x\AppData\Local\Microsoft\OneDrive\OneDrive.exe`, `HKU\%s\Software\Microsoft\Windows\CurrentVersion\Run\OneDrive`, `"C:\Users\x\AppData\Local\Microsoft\OneDrive\OneDrive.exe" /background`},
	{system32 + "services.exe", `HKLM\System\CurrentControlSet\Services\BITS\Start`, "DWORD (0x00000003)"},
}

func registrySet(sc *scene, s *site, at time.Time) Event {
	who, v := pick(sc.r, s.users), pick(sc.r, values)
	return s.windows(at, sc.valueSet(at, who.host, v.image, strings.ReplaceAll(v.object, "%s", who.sid), v.details, localSystem))
}

func (sc *scene) valueSet(at time.Time, host, image, object, details, account string) *object {
	return sc.sysmon(at, host, 13).text("EventType", "SetValue").text("ProcessGuid", sc.guid()).number("ProcessId", sc.pid()).
		text("Image", image).text("TargetObject", object).text("Details", details).text("User", account)
}

var names = []string{
	"intra.kirishio.example", "mail.kirishio.example", "teams.cloud.example", "update.cloud.example", "www.news.example", "maps.travel.example",
	"erp.kirishio.example", "time.kirishio.example", "cdn.office.example", "parts.kirishio.example", "login.kirishio.example",
}

func nameAsked(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	return s.windows(at, sc.sysmon(at, who.host, 22).text("ProcessGuid", sc.guid()).number("ProcessId", sc.pid()).text("QueryName", pick(sc.r, names)).
		text("QueryStatus", "0").text("QueryResults", "::ffff:"+outside(sc.r)+";").text("Image", pick(sc.r, talkers).image).text("User", netbios+who.login))
}
