// Package server is VictoriaLogs as a process of its own, made of the same
// program: `yagura internal eventstore`. Everything in it is global – flags, the
// logger, a crash – and so it runs in a child of the server and never within it.
package server

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlinsert"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlselect"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/fs"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/httpserver"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
)

// PasswordVariable is the variable of the environment in which the parent hands
// over the password of the HTTP interface; a command line could be read by
// everybody on the machine.
const PasswordVariable = "YAGURA_INTERNAL_EVENTSTORE_PASSWORD"

// NodesVariable is the same for the passwords of the stores that a front asks,
// divided by commas.
const NodesVariable = "YAGURA_INTERNAL_EVENTSTORE_NODES"

// User is the name that goes with the password.
const User = "yagura"

// Patience is how long an orderly end may take once the parent is gone; what
// was not on disk by then is written again from the journal.
const Patience = 5 * time.Second

// Main serves at an address with the flags of VictoriaLogs until it is told to
// end: by a signal, or by the end of its standard input, which is the end of
// the process that started it, however that came.
func Main(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "event store: this is started by the server itself")
		return 2
	}
	listen := []string{args[0]}
	if err := flag.CommandLine.Parse(args[1:]); err != nil {
		return 2
	}
	if password := os.Getenv(PasswordVariable); password != "" {
		os.Unsetenv(PasswordVariable)
		if err := errors.Join(flag.Set("httpAuth.password", password), flag.Set("httpAuth.username", User)); err != nil {
			return 2
		}
	}
	if passwords := os.Getenv(NodesVariable); passwords != "" {
		os.Unsetenv(NodesVariable)
		if err := flag.Set("storageNode.password", passwords); err != nil {
			return 2
		}
	}
	logger.InitNoLogFlags()
	told := make(chan os.Signal, 2)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		told <- syscall.SIGTERM
	}()
	vlstorage.Init()
	vlselect.Init()
	vlinsert.Init()
	go httpserver.Serve(listen, nil, handle)
	<-told
	time.AfterFunc(Patience, func() { os.Exit(1) })
	if err := httpserver.Stop(listen); err != nil {
		fmt.Fprintln(os.Stderr, "event store:", err)
	}
	vlinsert.Stop()
	vlselect.Stop()
	vlstorage.Stop()
	fs.MustStopDirRemover()
	return 0
}

func handle(w http.ResponseWriter, r *http.Request) bool {
	return vlinsert.RequestHandler(w, r) || vlselect.RequestHandler(w, r) || vlstorage.RequestHandler(w, r)
}
