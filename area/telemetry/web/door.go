package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/area/telemetry/relay"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Door is where relays are taken in, report and deliver. It is served with the
// authority's configuration of TLS: who shows a certificate shows one that the
// handshake has checked.
func Door(s *telemetry.Service, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	mux := http.NewServeMux()
	take := func(path string, most int64, do func(ctx context.Context, serial string, r *http.Request, body []byte) (any, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			serial := ""
			if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
				serial = relay.Serial(r.TLS.PeerCertificates[0])
			}
			if serial == "" && path != relay.EnrolPath {
				api.WriteProblem(w, r, text.EN, log, fault.Unauthenticated("A relay shows its certificate here"))
				return
			}
			body, err := relay.Read(r.Body, most)
			if err != nil {
				if r.Context().Err() == nil {
					api.WriteProblem(w, r, text.EN, log, fault.Invalidf("The body could not be read to its end, nothing of it was taken: %s", err.Error()))
				}
				return
			}
			answer, err := do(r.Context(), serial, r, body)
			if err != nil {
				if fault.As(err) != nil || r.Context().Err() == nil {
					api.WriteProblem(w, r, text.EN, log, err)
				}
				return
			}
			api.Write(w, http.StatusOK, answer)
		})
	}
	take(relay.EnrolPath, 64<<10, func(ctx context.Context, _ string, _ *http.Request, body []byte) (any, error) {
		e, err := message[relay.Enrolment](body)
		if err != nil {
			return nil, err
		}
		return s.Enrol(ctx, e)
	})
	take(relay.RenewPath, 64<<10, func(ctx context.Context, serial string, _ *http.Request, body []byte) (any, error) {
		e, err := message[relay.Enrolment](body)
		if err != nil {
			return nil, err
		}
		return s.Renew(ctx, serial, e)
	})
	take(relay.ReportPath, 1<<20, func(ctx context.Context, serial string, r *http.Request, body []byte) (any, error) {
		report, err := message[relay.Report](body)
		if err != nil {
			return nil, err
		}
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		return s.Hear(ctx, serial, from.Addr(), report)
	})
	take(relay.ShipmentPath, relay.MaxShipment, func(ctx context.Context, serial string, _ *http.Request, body []byte) (any, error) {
		return s.Accept(ctx, serial, body)
	})
	return mux
}

func message[T any](body []byte) (v T, err error) {
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fault.Invalidf("The message of the relay can't be read: %s", err.Error())
	}
	return v, nil
}
