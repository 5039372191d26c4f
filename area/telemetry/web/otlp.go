package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime"
	"net"
	"net/http"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // senders may pack
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/area/telemetry/intake"
	"yagura/area/telemetry/intake/otlp"
	"yagura/kernel/fault"
)

// OTLPPaths are where OTLP is to be mounted: where exporters look below an
// endpoint that has no path, and below one of ours.
var OTLPPaths = []string{"/v1/logs", "/intake/otlp/v1/logs"}

// longestRecord is how long one record may be as an event; a longer one is
// rejected, the others of its request are taken.
const longestRecord = 16 << 20

// OTLP takes logs over OTLP/HTTP: protobuf or JSON, plain or packed. The answer
// comes when everything is on disk.
func OTLP(s *telemetry.Service, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST", http.StatusMethodNotAllowed)
			return
		}
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		asJSON := kind == "application/json"
		if !asJSON && kind != "application/x-protobuf" {
			http.Error(w, "Content-Type: application/x-protobuf, application/json", http.StatusUnsupportedMediaType)
			return
		}
		var x export
		_, err := s.ReceiveAs(r.Context(), telemetry.Delivery{Token: credential(r), Encoding: r.Header.Get("Content-Encoding"), Body: r.Body},
			func(body io.Reader, zone *time.Location, _ time.Time, add func(intake.Event) error) error {
				req, err := otlp.Read(body, asJSON)
				if errors.Is(err, otlp.ErrTooLarge) {
					err = telemetry.LargerThan(otlp.MaxBody >> 20)
				}
				if err != nil {
					return err
				}
				return x.events(req, zone, add)
			})
		if err != nil {
			if r.Context().Err() == nil {
				answerOTLP(w, asJSON, httpStatus(err), failure(err, log).Proto())
			}
			return
		}
		answerOTLP(w, asJSON, http.StatusOK, x.response())
	})
}

// export is one request on its way in.
type export struct{ rejected int64 }

func (x *export) events(req *collector.ExportLogsServiceRequest, zone *time.Location, add func(intake.Event) error) error {
	return otlp.Events(req, zone, func(e intake.Event) error {
		if len(e.Raw) > longestRecord {
			x.rejected++
			return nil
		}
		return add(e)
	})
}

func (x *export) response() *collector.ExportLogsServiceResponse {
	resp := &collector.ExportLogsServiceResponse{}
	if x.rejected > 0 {
		resp.PartialSuccess = &collector.ExportLogsPartialSuccess{RejectedLogRecords: x.rejected, ErrorMessage: fmt.Sprintf("%d records are longer than %d MiB", x.rejected, longestRecord>>20)}
	}
	return resp
}

func answerOTLP(w http.ResponseWriter, asJSON bool, code int, m proto.Message) {
	var b []byte
	var err error
	if asJSON {
		w.Header().Set("Content-Type", "application/json")
		b, err = protojson.Marshal(m)
	} else {
		w.Header().Set("Content-Type", "application/x-protobuf")
		b, err = proto.Marshal(m)
	}
	if err != nil {
		code, b = http.StatusInternalServerError, nil
	}
	switch code {
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", fmt.Sprint(retrySeconds(m)))
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="yagura"`)
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(code)
	w.Write(b)
}

func retrySeconds(m proto.Message) int64 {
	if s, ok := m.(interface{ GetDetails() []*anypb.Any }); ok {
		for _, d := range s.GetDetails() {
			var info errdetails.RetryInfo
			if d.UnmarshalTo(&info) == nil {
				return max(1, int64(math.Ceil(info.GetRetryDelay().AsDuration().Seconds())))
			}
		}
	}
	return 1
}

// httpStatus is the status of OTLP/HTTP; 429 is one that senders repeat.
func httpStatus(err error) int {
	var large *telemetry.TooLarge
	switch f := fault.As(err); {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case f == nil:
		return http.StatusInternalServerError
	case f.Kind == fault.KindInvalid:
		return http.StatusBadRequest
	default:
		return api.Status(f.Kind)
	}
}

// failure is an error as OTLP says it. Only what may be repeated has a
// RetryInfo.
func failure(err error, log *slog.Logger) *status.Status {
	f := fault.As(err)
	if f == nil {
		log.Error("telemetry: OTLP failed", "error", err)
		return status.New(codes.Internal, "internal")
	}
	switch f.Kind {
	case fault.KindTooBusy:
		st := status.New(codes.ResourceExhausted, f.Error())
		if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(max(f.RetryAfter, time.Second))}); err == nil {
			st = with
		}
		return st
	case fault.KindUnauthenticated:
		return status.New(codes.Unauthenticated, f.Error())
	case fault.KindDenied:
		return status.New(codes.PermissionDenied, f.Error())
	case fault.KindNotFound:
		return status.New(codes.NotFound, f.Error())
	}
	return status.New(codes.InvalidArgument, err.Error())
}

// OTLPServer takes logs over OTLP/gRPC until the context ends. With
// credentials it speaks TLS. Who shows no token is turned away before his
// message is read.
func OTLPServer(ctx context.Context, s *telemetry.Service, l net.Listener, creds credentials.TransportCredentials, log *slog.Logger) error {
	if log == nil {
		log = slog.Default()
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(16 << 20), grpc.MaxConcurrentStreams(32), grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: 2 * time.Minute}),
		grpc.MaxHeaderListSize(64 << 10),
		grpc.InTapHandle(func(ctx context.Context, info *tap.Info) (context.Context, error) {
			if err := s.Sender(tokenIn(info.Header)); err != nil {
				return nil, failure(err, log).Err()
			}
			return ctx, nil
		}),
	}
	if creds != nil {
		options = append(options, grpc.Creds(creds))
	}
	server := grpc.NewServer(options...)
	collector.RegisterLogsServiceServer(server, &logsServer{s: s, log: log})
	stop := context.AfterFunc(ctx, func() {
		done := make(chan struct{})
		go func() {
			server.GracefulStop()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			server.Stop()
		}
	})
	defer stop()
	err := server.Serve(l)
	if errors.Is(err, grpc.ErrServerStopped) || ctx.Err() != nil {
		return nil
	}
	return err
}

type logsServer struct {
	collector.UnimplementedLogsServiceServer
	s   *telemetry.Service
	log *slog.Logger
}

func tokenIn(md metadata.MD) string {
	if v := md.Get("authorization"); len(v) > 0 {
		return tokenOf(v[0])
	}
	return ""
}

// Export takes one request.
func (g *logsServer) Export(ctx context.Context, req *collector.ExportLogsServiceRequest) (*collector.ExportLogsServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	var x export
	_, err := g.s.ReceiveAs(ctx, telemetry.Delivery{Token: tokenIn(md), Body: http.NoBody}, func(_ io.Reader, zone *time.Location, _ time.Time, add func(intake.Event) error) error {
		return x.events(req, zone, add)
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		return nil, failure(err, g.log).Err()
	}
	return x.response(), nil
}
