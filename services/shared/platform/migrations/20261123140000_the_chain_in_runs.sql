-- Rows that were added behind each other take their places behind each other, so
-- the chain keeps runs of them: each row has its hash, and all of a run one row.
create table audit_links (
    first_seq  bigint      primary key check (first_seq > 0),
    source     text        not null,
    first_row  bigint      not null,
    entries    integer     not null check (entries > 0),
    layout     integer     not null,
    prev_hash  bytea       not null check (length(prev_hash) = 32),
    hashes     bytea       not null check (length(hashes) = 32 * entries),  -- one behind the other
    chained_at timestamptz not null default clock_timestamp(),
    unique (source, first_row)
);
insert into audit_links
select seq, source, row_id, 1, layout, prev_hash, hash, chained_at from audit_chain;
delete from append_only_tables where name = 'audit_chain';
drop table audit_chain;
select append_only('audit_links');

-- Each entry with its place.
create view audit_chain as
select l.first_seq + n as seq, l.source, l.first_row + n as row_id, l.layout,
       case n when 0 then l.prev_hash else substr(l.hashes, 32 * (n - 1) + 1, 32) end as prev_hash,
       substr(l.hashes, 32 * n + 1, 32) as hash, l.chained_at
from audit_links l cross join lateral generate_series(0, l.entries - 1) n;

-- The first entries behind a position, at most so many, in order.
create function chain_after(after bigint, most bigint) returns setof audit_chain language sql stable
begin atomic
    select l.first_seq + n, l.source, l.first_row + n, l.layout,
           case n when 0 then l.prev_hash else substr(l.hashes, 32 * (n - 1)::integer + 1, 32) end,
           substr(l.hashes, 32 * n::integer + 1, 32), l.chained_at
    from (
        select * from audit_links
        where first_seq >= coalesce(
            (select f.first_seq from audit_links f where f.first_seq <= after order by f.first_seq desc limit 1), 0)
        order by first_seq
        limit most + 1
    ) l
    cross join lateral generate_series(greatest(0, after - l.first_seq + 1), l.entries - 1) n
    order by 1
    limit most;
end;

-- Keys above `above`, up to `upto`, of rows that have no place: those between runs.
create or replace function unchained(of_source text, above bigint, upto bigint, most bigint) returns setof bigint
language plpgsql stable as $$
begin
    return query execute (
        select format(
            'with runs as ('
            '    select first_row, first_row + entries - 1 as last_row from audit_links'
            '    where source = %2$L and first_row <= $2 and first_row >= coalesce('
            '        (select first_row from audit_links where source = %2$L and first_row <= $1'
            '         order by first_row desc limit 1), $1)'
            '), gaps as ('
            '    select greatest(lag(last_row) over (order by first_row), $1) as above, least(first_row - 1, $2) as upto'
            '    from runs'
            '    union all select greatest(max(last_row), $1), $2 from runs'
            ') '
            'select t.id from gaps g cross join lateral ('
            '    select t.%1$I as id from %2$I t where t.%1$I > g.above and t.%1$I <= g.upto order by t.%1$I limit $3'
            ') t '
            'where g.above < g.upto order by t.id limit $3', key_column, name)
        from chain_sources where name = of_source
    ) using above, upto, most;
end $$;
