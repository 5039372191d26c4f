package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/site"
	"yagura/kernel/file"
	"yagura/kernel/notify"
	"yagura/kernel/peer"
)

// publishing says by which ways advisories reach the world: as far as configured.
func (a *App) publishing(records psirt.Records) (psirt.Publishing, error) {
	c := a.Config.PSIRT
	p := psirt.Publishing{Records: records, Letters: lettersOut{a}, URL: c.URL, Prefix: c.Prefix, Folder: c.Folder,
		Publisher: site.Publisher{Category: "vendor", Name: c.Name, Namespace: c.Namespace, Contact: c.Contact}, Mails: a.Config.Mail.Host != ""}
	if c.Listen != "" {
		p.Forms = c.URL
	}
	if c.Folder == "" {
		return p, nil
	}
	key, err := signingKey(filepath.Join(a.Config.Keys, signingKeyFile), c.Name, c.Contact, a.DB.Now())
	if err != nil {
		return p, err
	}
	conf := site.Config{URL: c.URL, Publisher: p.Publisher, Contacts: []string{"mailto:" + c.Contact}}
	if c.Listen != "" {
		conf.Report = reportForm
		if p.Mails {
			conf.Subscribe = psirt.SubscribePath
		}
	}
	p.Site, err = site.Open(c.Folder, conf, key)
	return p, err
}

const (
	reportForm     = "/psirt/report"
	signingKeyFile = "psirt-signing.asc"
)

// signingKey is the key of advisories, made where there is none yet.
func signingKey(name, owner, mail string, now time.Time) (*site.Signer, error) {
	armoured, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		made, err := site.NewKey(owner, mail, now)
		if err != nil {
			return nil, err
		}
		if err := file.Add(name, 0o600, file.Bytes([]byte(made+"\n"))); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if armoured, err = os.ReadFile(name); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	k, err := site.ReadKey(string(armoured), "", now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

// startPublic serves the public site and the form for reports on a listener of their own
// until the context ends, where one is configured.
func (a *App) startPublic(ctx context.Context) (run func(), err error) {
	c := a.Config.PSIRT
	if c.Listen == "" {
		return func() {}, nil
	}
	access := &site.Access{}
	if c.Access != "" {
		f, err := os.Open(c.Access)
		if err != nil {
			return nil, err
		}
		access, err = site.ReadAccess(f)
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Access, err)
		}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	a.public = l.Addr()
	mux := http.NewServeMux()
	mux.Handle("/", site.NewServer(c.Folder, access))
	for _, path := range []string{reportForm, reportForm + "/", psirt.SubscribePath, psirt.SubscribePath + "/", psirt.SubscriptionPath + "/", "/static/"} {
		mux.Handle(path, a.handler)
	}
	server := &http.Server{Handler: peer.Behind(a.Config.TrustedProxies, usualPace.steady(mux)), ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	a.log.Info("the public site is served", "address", l.Addr().String(), "url", c.URL)
	return func() {
		stop := context.AfterFunc(ctx, func() { server.Close() })
		defer stop()
		var err error
		if c.Cert != "" {
			err = server.ServeTLS(l, c.Cert, c.Key)
		} else {
			err = server.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the public site is served no more", "error", err)
		}
	}, nil
}

// lettersOut sends mails to people outside.
type lettersOut struct{ a *App }

func (l lettersOut) Send(ctx context.Context, x psirt.OutsideLetter) error {
	var s *notify.Service = l.a.Notify
	return s.SendOutside(ctx, notify.Outside{Ref: x.Ref, Name: x.Name, Mail: x.Mail, Lang: x.Lang, Subject: x.Subject, Body: x.Body, List: "advisories", Manage: x.Manage, Leave: x.Leave})
}
