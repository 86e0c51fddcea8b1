-- By aggregate, the rows that a run wrote, {"visits": 5870}, and the SHA-256 of the statement that made them,
-- {"visits": "3f5a..."}. So a new or edited aggregate is caught up.
alter table zen_runs
add column written jsonb,
add column statements jsonb
