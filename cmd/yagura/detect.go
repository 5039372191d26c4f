package main

import "yagura/area/detect/offline"

func detect(c *call) int { return offline.Main(c.args, c.in, c.out, c.err) }
