-- One row per word for NULL that is the id of a user, where these are texts. $1: those words, a line each, in lower case.
select 'user_id' as column, user_id::text as word, count(*) as events
from log_raw
where lower(btrim(user_id::text)) = any (string_to_array($1, chr(10)))
group by user_id::text
order by count(*) desc, user_id::text collate "C"
