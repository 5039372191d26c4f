package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"yagura/kernel/config"
	"yagura/kernel/observe"
	"yagura/kernel/peer"
)

// stage is what a server and a relay have before all else: a folder that no other
// has, an address, and a watch over them.
type stage struct {
	listener net.Listener
	watch    *observe.Watch
	unlock   func()
}

func openStage(ctx context.Context, cfg config.Config, version string, out io.Writer) (*stage, error) {
	unlock, err := lockFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		unlock()
		return nil, err
	}
	watch, err := observe.Start(ctx, observe.Options{Config: cfg, Version: version, Out: out})
	if err != nil {
		listener.Close()
		unlock()
		return nil, err
	}
	return &stage{listener, watch, unlock}, nil
}

// close ends it; the folder is given away last.
func (s *stage) close(ctx context.Context) {
	s.watch.Shutdown(context.WithoutCancel(ctx))
	s.listener.Close()
	s.unlock()
}

// answer serves a handler until the context ends or failed says that something
// else did, which is then the error.
func answer(ctx context.Context, cfg config.Config, log *slog.Logger, listener net.Listener, handler http.Handler, failed chan error) error {
	server := &http.Server{
		Handler: peer.Behind(cfg.TrustedProxies, usualPace.steady(handler)), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan error, 1)
	go func() {
		if cfg.TLS.Cert != "" {
			ended <- server.ServeTLS(listener, cfg.TLS.Cert, cfg.TLS.Key)
		} else {
			ended <- server.Serve(listener)
		}
	}()
	var err error
	select {
	case err = <-ended:
	case err = <-failed:
		server.Close()
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil { // a long download is no reason to stay, nor an error
			log.Warn("requests were cut off", "error", err)
			server.Close()
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
