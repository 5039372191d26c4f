package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// gates are attacks on applications behind proxies that ask the provider for
// every request: with the cookie of one a browser claims at another to be at the
// first. They need two such applications, of which the person may enter the first.
var gates = []Check{
	{"the passage of an application at another", "RFC 9110 §7.2, CWE-290", func(ctx context.Context, b *Bench) error {
		here, there, cookies, err := b.enterGate(ctx)
		if err != nil {
			return err
		}
		forged := here.String()
		var all []error
		for _, header := range [][]string{
			{}, {"X-Original-URL", forged}, {"X-Forwarded-Host", here.Host}, {"X-Forwarded-Uri", forged}, {"Forwarded", "host=" + here.Host}, {"X-Original-Host", here.Host}, {"X-Host", here.Host},
			{"X-Forwarded-Server", here.Host}, {"X-Rewrite-URL", "/"}, {"X-Original-URL", forged, "X-Forwarded-Host", here.Host, "X-Forwarded-Uri", "/"},
			{"X-Forwarded-Uri", "/.yagura/start"}, {"X-Forwarded-Method", "OPTIONS"}, {"X-HTTP-Method-Override", "OPTIONS"}, {"Upgrade", "websocket", "Connection", "Upgrade"},
			{"Connection", "X-Forwarded-Host, X-Forwarded-For, X-Forwarded-Uri"},
		} {
			a, err := b.atGate(ctx, http.MethodGet, there, cookies, header...)
			if err != nil {
				return err
			}
			all = append(all, want(a.status/100 != 2 && a.status != http.StatusSwitchingProtocols, "%s answers %d with %q", there.Host, a.status, header))
		}
		for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodOptions, "TRACE"} {
			a, err := b.atGate(ctx, method, there, cookies)
			if err != nil {
				return err
			}
			all = append(all, want(a.status/100 != 2, "%s answers %d to %s", there.Host, a.status, method))
		}
		return errors.Join(all...)
	}},
	{"a passage where no proxy names the application", "CWE-290", func(ctx context.Context, b *Bench) error {
		here, _, cookies, err := b.enterGate(ctx)
		if err != nil {
			return err
		}
		ask, err := url.Parse(b.Issuer + "/auth/check")
		if err != nil {
			return err
		}
		a, err := b.atGate(ctx, http.MethodGet, ask, cookies, "X-Original-URL", here.String(), "X-Forwarded-Host", here.Host, "X-Forwarded-Uri", "/")
		if err != nil {
			return err
		}
		return want(a.status/100 != 2 && a.header.Get("Remote-User") == "", "answered %d, %q", a.status, a.header.Get("Remote-User"))
	}},
}

// enterGate signs in at the first application; cookies are what the browser has
// for it then.
func (b *Bench) enterGate(ctx context.Context) (here, there *url.URL, cookies []*http.Cookie, err error) {
	if b.Gate == "" || b.OtherGate == "" {
		return nil, nil, nil, errLeftOut
	}
	if here, err = url.Parse(b.Gate); err == nil {
		there, err = url.Parse(b.OtherGate)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	address := b.Gate
	for range 12 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, nil, nil, err
		}
		resp, err := b.browser.Do(req)
		if err != nil {
			return nil, nil, nil, err
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		to, moved := resp.Location()
		switch {
		case moved == nil && resp.StatusCode/100 == 3:
		case resp.StatusCode == http.StatusOK && req.URL.Host == here.Host:
			return here, there, b.browser.Jar.Cookies(here), nil
		case resp.StatusCode == http.StatusOK && b.SignIn != nil:
			next, err := b.SignIn(ctx, b.browser, req.URL)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("sign-in: %w", err)
			}
			if to, err = req.URL.Parse(next); err != nil {
				return nil, nil, nil, err
			}
		default:
			return nil, nil, nil, fmt.Errorf("%s answers %d on the way into the application", req.URL.Host, resp.StatusCode)
		}
		address = to.String()
	}
	return nil, nil, nil, errors.New("the way into the application goes in circles")
}

// atGate asks with cookies of elsewhere.
func (b *Bench) atGate(ctx context.Context, method string, at *url.URL, cookies []*http.Cookie, header ...string) (said, error) {
	req, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return said{}, err
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Add(pair[0], pair[1])
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	return b.do(req)
}
