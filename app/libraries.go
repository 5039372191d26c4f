package app

import (
	"context"
	"log/slog"
)

// hearLibraries takes what modules of others log by themselves into the log, but
// only errors: what they say of every request that somebody sends wrongly
// would let anybody fill the disk.
func hearLibraries(log *slog.Logger) { slog.SetDefault(slog.New(errorsOnly{log.Handler()})) }

type errorsOnly struct{ slog.Handler }

func (h errorsOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && h.Handler.Enabled(ctx, level)
}

func (h errorsOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return errorsOnly{h.Handler.WithAttrs(attrs)}
}

func (h errorsOnly) WithGroup(name string) slog.Handler { return errorsOnly{h.Handler.WithGroup(name)} }
