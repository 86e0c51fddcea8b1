-- A day on which nothing was bought.
select dt::date as day
from devices
where not exists (select from purchases where purchases.dt::date = devices.dt::date)
group by 1
