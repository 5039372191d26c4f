package main

import (
	"yagura/area/cmmc/offline"
	"yagura/kernel/clock"
)

// cmmcCommand is what works on files of assessments.
func cmmcCommand(c *call) int {
	return offline.Main(&offline.Call{Args: c.args, In: c.in, Out: c.out, Err: c.err, Lang: c.lang, Today: clock.System().Now()})
}
