-- What the daily checks of the invariants found, so that every process of the
-- service, also one that starts later, shows the same figures.
create table check_results (
    invariant  text        not null,  -- I1 to I9
    name       text        not null,
    violations bigint      not null check (violations >= 0),
    off_minor  bigint      not null,
    checked_at timestamptz not null,  -- real time
    primary key (invariant, name)
);
