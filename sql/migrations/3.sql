-- What zen 0.1.0 wrote of its two aggregates. Their statements give the same rows as then.
update zen_runs
set
  written = jsonb_build_object('visits', visits_rows, 'engagement', engagement_rows),
  statements = jsonb_build_object('visits', ':visits', 'engagement', ':engagement')
where outcome in ('done', 'dropped')
