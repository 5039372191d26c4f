package saml

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"yagura/area/identity"
	"yagura/kernel/job"
)

const attempts = 8

// Jobs has applications told when a session ends.
func (p *Provider) Jobs(q *job.Queue) {
	q.Register(identity.SAMLSignOutJob, job.Options{Attempts: attempts, Backoff: 2 * time.Second, Timeout: 10 * time.Second}, p.farewell)
}

// farewell tells one application that one session is over: a LogoutRequest by
// SOAP (Profiles §4.4.3.2, Bindings §3.2), which needs no browser.
func (p *Provider) farewell(ctx context.Context, j job.Job) error {
	return p.BidFarewell(ctx, j, attempts, func(c identity.Client) bool { return c.SAML != nil && c.LogoutURI != "" }, p.sendFarewell)
}

func (p *Provider) sendFarewell(ctx context.Context, c identity.Client, f identity.Farewell) (int, error) {
	idp, err := p.library(ctx)
	if err != nil {
		return 0, err
	}
	said, err := farewellRequest(idp, p.Entity(), c, f, p.now())
	if err != nil {
		return 0, err
	}
	envelope := etree.NewElement("soapenv:Envelope")
	envelope.CreateAttr("xmlns:soapenv", soapNS)
	envelope.CreateElement("soapenv:Body").AddChild(said.Element())
	raw, err := written(envelope)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.LogoutURI, bytes.NewReader(raw))
	if err != nil {
		return 0, job.Permanent(err)
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"http://www.oasis-open.org/committees/security"`)
	resp, err := p.posts.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostMessage+1))
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, fmt.Errorf("the application answered %d", resp.StatusCode)
	}
	return resp.StatusCode, heard(body, said.ID, c.SAML.Entity)
}

// heard tells whether an answer says that the application has let go of the
// session, or never knew it. Who answers is shown by TLS (Bindings §3.2.2.2).
func heard(body []byte, asked, entity string) error {
	if len(body) > mostMessage {
		return errors.New("the application's answer is too long")
	}
	if err := plainXML(body, true); err != nil {
		return fmt.Errorf("the application's answer can't be read: %w", err)
	}
	var e struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Answers []struct {
				InResponseTo string `xml:",attr"`
				Issuer       string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
				Status       struct {
					Code struct {
						Value  string `xml:",attr"`
						Second struct {
							Value string `xml:",attr"`
						} `xml:"urn:oasis:names:tc:SAML:2.0:protocol StatusCode"`
					} `xml:"urn:oasis:names:tc:SAML:2.0:protocol StatusCode"`
				} `xml:"urn:oasis:names:tc:SAML:2.0:protocol Status"`
			} `xml:"urn:oasis:names:tc:SAML:2.0:protocol LogoutResponse"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err := xml.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("the application's answer can't be read: %w", err)
	}
	answers := e.Body.Answers
	if len(answers) != 1 || answers[0].InResponseTo != asked || answers[0].Issuer != "" && answers[0].Issuer != entity {
		return errors.New("the application did not answer this request")
	}
	code := answers[0].Status.Code
	if code.Value != saml.StatusSuccess && code.Second.Value != saml.StatusUnknownPrincipal {
		return fmt.Errorf("the application answered %s %s", code.Value, code.Second.Value)
	}
	return nil
}
