package incident

import "yagura/kernel/text"

// Class is a class of the Reference Security Incident Taxonomy with its types.
// Codes are those of the taxonomy; the words are ours.
type Class struct {
	Code  string
	Label text.Message
	Types []Type
}

// Type is a type of incident within a class.
type Type struct {
	Code  string
	Label text.Message
}

// Taxonomy is the Reference Security Incident Taxonomy in its order.
var Taxonomy = []Class{
	{"abusive-content", text.M("Abusive content"), []Type{
		{"spam", text.M("Unwanted mass mail")},
		{"harmful-speech", text.M("Harmful or threatening speech")},
		{"violence", text.M("Abusive or violent material")},
	}},
	{"malicious-code", text.M("Malicious code"), []Type{
		{"infected-system", text.M("Infected system")},
		{"c2-server", text.M("Command and control server")},
		{"malware-distribution", text.M("Distribution of malware")},
		{"malware-configuration", text.M("Configuration of malware hosted")},
	}},
	{"information-gathering", text.M("Gathering of information"), []Type{
		{"scanner", text.M("Scanning")},
		{"sniffing", text.M("Listening to traffic")},
		{"social-engineering", text.M("Social engineering")},
	}},
	{"intrusion-attempts", text.M("Attempt of intrusion"), []Type{
		{"ids-alert", text.M("Attempt through a known weakness")},
		{"brute-force", text.M("Guessing of passwords")},
		{"exploit", text.M("Attempt through an unknown weakness")},
	}},
	{"intrusions", text.M("Intrusion"), []Type{
		{"privileged-account-compromise", text.M("Privileged account taken over")},
		{"unprivileged-account-compromise", text.M("Ordinary account taken over")},
		{"application-compromise", text.M("Application taken over")},
		{"system-compromise", text.M("System taken over")},
		{"burglary", text.M("Break-in on the premises")},
	}},
	{"availability", text.M("Availability"), []Type{
		{"dos", text.M("Denial of service")},
		{"ddos", text.M("Distributed denial of service")},
		{"misconfiguration", text.M("Outage by wrong configuration")},
		{"sabotage", text.M("Sabotage")},
		{"outage", text.M("Outage without intent")},
	}},
	{"information-content-security", text.M("Security of information"), []Type{
		{"unauthorised-information-access", text.M("Information read without right")},
		{"unauthorised-information-modification", text.M("Information changed without right")},
		{"data-loss", text.M("Loss of data")},
		{"data-leak", text.M("Leak of confidential information")},
	}},
	{"fraud", text.M("Fraud"), []Type{
		{"unauthorised-use-of-resources", text.M("Resources used without right")},
		{"copyright", text.M("Infringement of copyright")},
		{"masquerade", text.M("Pretended identity")},
		{"phishing", text.M("Phishing")},
	}},
	{"vulnerable", text.M("Vulnerable"), []Type{
		{"weak-crypto", text.M("Weak cryptography open to outside")},
		{"ddos-amplifier", text.M("Amplifier for denial of service")},
		{"potentially-unwanted-accessible", text.M("Service open that should not be")},
		{"information-disclosure", text.M("Service that tells too much")},
		{"vulnerable-system", text.M("System with a known weakness")},
	}},
	{"other", text.M("Other§class"), []Type{
		{"other", text.M("Not in the other classes")},
		{"undetermined", text.M("Not determined yet")},
	}},
	{"test", text.M("Test§class"), []Type{
		{"test", text.M("Exercise or test")},
	}},
}

// ClassOf is the class and type of the codes; ok is false where the taxonomy
// does not have them. An empty type is allowed.
func ClassOf(class, typ string) (c Class, t Type, ok bool) {
	for _, c := range Taxonomy {
		if c.Code != class {
			continue
		}
		for _, t := range c.Types {
			if t.Code == typ {
				return c, t, true
			}
		}
		return c, Type{}, typ == ""
	}
	return Class{}, Type{}, false
}

// ClassLabel is what to call class and type in one line.
func ClassLabel(class, typ string) text.Message {
	c, t, ok := ClassOf(class, typ)
	switch {
	case class == "" || !ok:
		return text.Message{}
	case t.Code == "":
		return c.Label
	}
	return text.M("%s: %s§class", c.Label, t.Label)
}
