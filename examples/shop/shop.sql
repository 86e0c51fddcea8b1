-- The log of an invented shop: three days of views, carts and purchases, of which each is one row. Robots look, too.
create schema shop;
create table shop.events (
  created_at timestamptz not null,
  customer text not null,
  action text not null,
  category text,
  channel text,
  device text not null,
  is_bot boolean not null
);
insert into shop.events
select
  timestamptz '2026-11-20 00:00+00' + (n * 7919 % 259200) * interval '1 second',
  'c' || n * 31 % 400,
  (array['view', 'view', 'view', 'view', 'cart', 'view', 'view', 'purchase'])[1 + n % 8],
  (array['Books', 'Garden', 'Toys', 'Books', 'Kitchen', null, 'Garden', 'Books', 'Toys'])[1 + n * 13 % 9],
  (array['search', 'mail', 'search', 'shop window', null])[1 + n * 17 % 5],
  (array['phone', 'phone', 'desktop'])[1 + n * 11 % 3],
  n % 50 = 0
from generate_series(1, 12000) as numbers (n);
create index on shop.events (created_at);
