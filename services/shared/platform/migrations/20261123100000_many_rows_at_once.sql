-- A number of a fact that is written a moment after the fact: nothing but a row
-- lock on each fact came of checking that it is there, and facts_numbered looks.
alter table feed drop constraint feed_outbox_id_fkey;

-- As before, and each key is looked up by itself, whatever the planner believes
-- of a table that was empty a moment ago.
create or replace function unchained(of_source text, above bigint, upto bigint, most bigint) returns setof bigint
language plpgsql stable as $$
begin
    return query execute (
        select format(
            'select t.%1$I from %2$I t '
            'left join lateral (select true as chained from audit_chain '
            'where source = %2$L and row_id = t.%1$I limit 1) c on true '
            'where t.%1$I > $1 and t.%1$I <= $2 and c.chained is null '
            'order by t.%1$I limit $3', key_column, name)
        from chain_sources where name = of_source
    ) using above, upto, most;
end $$;
