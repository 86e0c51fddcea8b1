-- What zen 0.1.0 wrote of its two aggregates. Their statements give the same rows as then.
update zen_runs
set aggregates = jsonb_build_object(
  'visits', jsonb_build_object('rows', visits_rows, 'sql', ':visits'),
  'engagement', jsonb_build_object('rows', engagement_rows, 'sql', ':engagement')
)
where outcome in ('done', 'dropped')
