-- $1: the day, as a date
select region,
       count(*)::int as orders,
       sum(total)::float8 as total
from basics_order
where day = $1
group by region
order by region
