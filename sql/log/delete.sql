-- Takes the events with ts in [$1, $2), Unix milliseconds, out of the log: those of a window, as src/log/log.ts has its bounds.
delete from log_raw
where ts >= $1::bigint and ts < $2::bigint
