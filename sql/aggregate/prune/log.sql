-- Takes the events of the window [$1, $2), Unix milliseconds, on the minute of the event by the rule $3, out of the log. The filter
-- is that of ../visits/fill.sql, so that what goes is what was aggregated.
delete from log_raw
where ts >= (
    ceil($1::bigint / 60000.0) * 60000
    - case $3::text when 'nearest' then 30000 - abs(ceil($1::bigint / 60000.0) % 2) * 1000 else 0 end
  )::bigint
  and ts < (
    ceil($2::bigint / 60000.0) * 60000
    - case $3::text when 'nearest' then 30000 - abs(ceil($2::bigint / 60000.0) % 2) * 1000 else 0 end
  )::bigint
