package demo

import (
	"fmt"
	"time"
)

// Accounts of the group in the cloud; the numbers are made up.
var cloudAccounts = []string{"400100200301", "400100200302", "400100200303"}

// call is one record of the cloud's audit log.
type call struct {
	service, name, kind string
	account, region     string
	ip, agent           string
	identity            *object
	request, response   *object
	readOnly            bool
	refused             string
	extra               *object
}

func role(account, name, session string) *object {
	return newObject().text("type", "AssumedRole").text("principalId", "AROA7EXAMPLE:"+session).
		text("arn", "arn:aws:sts::"+account+":assumed-role/"+name+"/"+session).text("accountId", account)
}

func iamUser(account, name string) *object {
	return newObject().text("type", "IAMUser").text("principalId", "AIDA7EXAMPLE").text("arn", "arn:aws:iam::"+account+":user/"+name).
		text("accountId", account).text("accessKeyId", "ASIA7EXAMPLE").text("userName", name)
}

func (sc *scene) cloud(s *site, at time.Time, c call) Event {
	kind := c.kind
	if kind == "" {
		kind = "AwsApiCall"
	}
	o := newObject().text("eventVersion", "1.11").inner("userIdentity", c.identity).text("eventTime", at.UTC().Format("2006-01-02T15:04:05Z")).
		text("eventSource", c.service+".amazonaws.com").text("eventName", c.name).text("awsRegion", c.region).text("sourceIPAddress", c.ip).text("userAgent", c.agent)
	if c.refused != "" {
		o.text("errorCode", c.refused).text("errorMessage", "User is not authorized to perform this operation")
	}
	if c.request != nil {
		o.inner("requestParameters", c.request)
	} else {
		o.raw("requestParameters", "null")
	}
	if c.response != nil {
		o.inner("responseElements", c.response)
	} else {
		o.raw("responseElements", "null")
	}
	if c.extra != nil {
		o.inner("additionalEventData", c.extra)
	}
	o.text("requestID", sc.guid()[1:37]).text("eventID", sc.guid()[1:37]).raw("readOnly", fmt.Sprint(c.readOnly)).
		text("eventType", kind).raw("managementEvent", "true").text("recipientAccountId", c.account).text("eventCategory", "Management")
	return Event{"cloud-audit", s.unit.ID, at, "ndjson", o.line()}
}

func cloudCalled(sc *scene, s *site, at time.Time) Event {
	account := pick(sc.r, cloudAccounts)
	region := pick(sc.r, []string{"ap-northeast-1", "eu-central-1", "us-east-2"})
	c := call{account: account, region: region, ip: "192.0.2.40", agent: "aws-sdk-go-v2/1.39", readOnly: true, identity: role(account, "app-runtime", fmt.Sprintf("i-%012x", sc.r.Int64N(1<<48)))}
	switch sc.r.IntN(8) {
	case 0:
		c.service, c.name = "ec2", "DescribeInstances"
	case 1:
		c.service, c.name = "sts", "GetCallerIdentity"
	case 2:
		c.service, c.name, c.request = "s3", "GetBucketPolicy", newObject().text("bucketName", "kirishio-telemetry")
	case 3:
		c.service, c.name, c.readOnly = "kms", "GenerateDataKey", true
	case 4:
		c.service, c.name, c.readOnly, c.identity = "ec2", "AuthorizeSecurityGroupIngress", false, role(account, "pipeline", "deploy")
		range4 := newObject().text("cidrIp", fmt.Sprintf("10.%d.0.0/16", s.unit.Net))
		items := newObject().text("ipProtocol", "tcp").number("fromPort", 8443).number("toPort", 8443).inner("ipRanges", newObject().raw("items", "["+string(range4.line())+"]"))
		c.request = newObject().text("groupId", fmt.Sprintf("sg-%09x", sc.r.Int64N(1<<36))).inner("ipPermissions", newObject().raw("items", "["+string(items.line())+"]"))
	case 5:
		c.service, c.name, c.kind = "signin", "ConsoleLogin", "AwsConsoleSignIn"
		c.identity, c.readOnly = role(account, "operator", pick(sc.r, s.users).login), false
		c.response, c.extra = newObject().text("ConsoleLogin", "Success"), newObject().text("MFAUsed", "No").text("SamlProviderArn", "arn:aws:iam::"+account+":saml-provider/kirishio")
	case 6:
		c.service, c.name, c.request = "logs", "DescribeLogGroups", newObject().number("limit", 50)
	default:
		c.service, c.name = "cloudwatch", "GetMetricData"
	}
	return sc.cloud(s, at, c)
}

// signIn is one line of the log of the group's sign-in.
func (s *site) signIn(at time.Time, o *object) Event {
	return Event{"sign-in", s.unit.ID, at, "ndjson", o.line()}
}

func identity(at time.Time, event, who, result string) *object {
	return newObject().text("@timestamp", at.UTC().Format(isoMillis)).text("event", event).text("user", who).text("result", result)
}

func personSignedIn(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	app := pick(sc.r, []string{"erp", "mail", "intranet", "files", "parts-catalog"})
	session := fmt.Sprintf("s-%08x", sc.r.Uint32())
	switch sc.r.IntN(10) {
	case 0, 1, 2:
		return s.signIn(at, identity(at, "mfa.push", who.login, "approved").text("method", "push").number("refused_in_hour", 0).text("src_ip", who.ip).text("country", s.country))
	case 3:
		if sc.r.IntN(8) == 0 { // one slip of a finger
			return s.signIn(at, identity(at, "mfa.push", who.login, "refused").text("method", "push").number("refused_in_hour", 1).text("src_ip", who.ip).text("country", s.country))
		}
	case 4, 5, 6:
		network, country := "corporate", s.country
		if sc.r.IntN(6) == 0 { // a business trip, through the VPN
			network, country = "vpn", pick(sc.r, []string{"FR", "US", "SG", "JP"})
		}
		return s.signIn(at, identity(at, "token.used", who.login, "success").text("app", app).text("session", session).text("session_country", s.country).
			text("country", country).text("src_ip", who.ip).text("network", network))
	case 7:
		return s.signIn(at, identity(at, "signin", who.login, "failure").text("app", app).text("protocol", "oidc").text("reason", "wrong password").text("src_ip", who.ip).text("country", s.country))
	}
	return s.signIn(at, identity(at, "signin", who.login, "success").text("app", app).text("protocol", "oidc").text("factor", pick(sc.r, []string{"passkey", "passkey", "push"})).
		text("session", session).text("src_ip", who.ip).text("country", s.country).text("network", "corporate"))
}
