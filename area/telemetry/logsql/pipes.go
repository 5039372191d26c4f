package logsql

import "strings"

// Pipes are what can be done with what was found, by name, in the order in
// which they are most often wanted.
var Pipes = []string{"stats", "top", "sort", "fields", "uniq", "limit", "filter", "facets", "field_names", "field_values", "extract", "extract_regexp", "format", "math",
	"rename", "copy", "delete", "replace", "replace_regexp", "unpack_json", "unpack_logfmt", "unroll", "first", "last", "offset", "len", "hash", "sample",
	"collapse_nums", "drop_empty_fields", "join", "union", "json_array_len", "pack_json", "unpack_syslog", "unpack_words", "stream_context", "blocks_count", "block_stats"}

// Functions are what stats counts.
var Functions = []string{"count", "count_uniq", "sum", "avg", "min", "max", "median", "quantile", "uniq_values", "values", "count_empty", "rate", "rate_sum", "json_values", "row_any", "row_max",
	"row_min", "sum_len", "count_uniq_hash", "histogram"}

// other names of pipes
var pipeNames = []string{"by", "cp", "del", "rm", "drop", "keep", "where", "head", "eval", "skip", "mv", "order", "pack_logfmt", "stats_remote"}

func isPipe(s string) bool {
	for _, list := range [][]string{Pipes, Functions, pipeNames} {
		for _, p := range list {
			if strings.EqualFold(p, s) {
				return true
			}
		}
	}
	return false
}
