-- Versions of the refund policy: published documents of the house, added and
-- never changed, read by everybody. Nothing of a studio or a person lies here,
-- hence no row level security.
create table policies (
    policy_id       uuid        primary key,
    legal_entity_id uuid,                    -- null: the whole operator
    number          bigint      not null check (number > 0),
    title           text        not null,
    window_days     integer     not null check (window_days > 0),
    rules           jsonb       not null,    -- the ratio table, in order
    methods         text[]      not null check (methods <@ array['origin'] and cardinality(methods) > 0),
    effective_from  timestamptz not null,
    published_by    uuid        not null,
    published_at    timestamptz not null,
    constraint policies_never_back_dated check (effective_from >= published_at),
    constraint policies_version_key unique nulls not distinct (legal_entity_id, number)
);
create index policies_in_force on policies (legal_entity_id, effective_from desc);
select append_only('policies');
