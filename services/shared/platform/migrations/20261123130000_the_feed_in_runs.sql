-- Facts that were written behind each other are numbered behind each other, so
-- the feed keeps runs of them: of 256 facts that one commit tells, one row.
create table feed_runs (
    first_seq bigint  primary key check (first_seq > 0),
    first_id  bigint  not null unique,                    -- of facts
    facts     integer not null check (facts > 0)
);
insert into feed_runs select seq, outbox_id, 1 from feed;
drop table feed;

-- Each fact with its number, for those who look at all of them.
create view feed as
select r.first_seq + n as seq, r.first_id + n as outbox_id
from feed_runs r cross join lateral generate_series(0, r.facts - 1) n;

-- The highest number, or 0.
create function feed_last() returns bigint language sql stable
return coalesce((select first_seq + facts - 1 from feed_runs order by first_seq desc limit 1), 0);

-- The number of a fact, if it has one: to be joined, so that the planner sees what
-- is in it.
create function feed_place(id bigint) returns table (seq bigint) language sql stable
begin atomic
    select r.first_seq + (feed_place.id - r.first_id)
    from (
        select first_seq, first_id, facts from feed_runs f
        where f.first_id <= feed_place.id order by f.first_id desc limit 1
    ) r
    where feed_place.id < r.first_id + r.facts;
end;

-- A fact by its id, looked up by itself whatever the planner believes of how many
-- are asked for.
create function fact(of_id bigint) returns setof facts language sql stable
begin atomic
    select * from facts where id = of_id limit 1;
end;

-- A part of the feed, both ends included.
create function feed_between(from_seq bigint, upto bigint) returns table (seq bigint, outbox_id bigint)
language sql stable
begin atomic
    select r.first_seq + n, r.first_id + n
    from feed_runs r
    cross join lateral generate_series(greatest(0, from_seq - r.first_seq), least(r.facts - 1, upto - r.first_seq)) n
    where r.first_seq <= upto
      and r.first_seq >= coalesce(
          (select f.first_seq from feed_runs f where f.first_seq <= from_seq order by f.first_seq desc limit 1), 0);
end;
