-- By aggregate, the rows that a run wrote and the SHA-256 of the statement that made them:
-- {"visits": {"rows": 5870, "sql": "3f5a..."}}. So a new or edited aggregate is caught up.
alter table zen_runs
add column aggregates jsonb
