-- What a fact that was applied told of, so that a person who looks for what
-- followed from one that its source lost need not guess. A position of 0 means
-- that the source gave the fact another number, which is not known yet.
alter table inbox
    add column type          text not null default '',
    add column aggregate     uuid,
    add column divergence_id uuid;  -- an orphan: its source has it no more
create index inbox_orphans on inbox (divergence_id) where divergence_id is not null;

alter table cursors drop constraint cursors_state_check;
alter table cursors
    add check (state in ('running', 'diverged', 'exporting')),
    add column exported_seq bigint not null default 0;  -- up to here came an export, which has gaps

-- Times at which a source came apart from what was applied of it here.
create table divergences (
    divergence_id uuid        primary key,
    source        text        not null,
    kind          text        not null check (kind in ('diverged', 'pruned')),
    state         text        not null check (state in ('open', 'proposed', 'resumed', 'healed')),
    why           text        not null,
    cursor_seq    bigint      not null,
    common_seq    bigint      not null,
    common_event_id text      not null,
    orphans       bigint      not null,
    parked        bigint      not null,
    proposed_by   uuid,
    reason        text        not null default '',
    confirmed_by  uuid,
    found_at      timestamptz not null default now(),
    closed_at     timestamptz,
    version       bigint      not null default 1,
    check ((state in ('resumed', 'healed')) = (closed_at is not null)),
    check (state <> 'proposed' or proposed_by is not null),
    check ((state = 'resumed') = (confirmed_by is not null)),
    constraint divergences_four_eyes check (confirmed_by <> proposed_by)
);
select guard_transitions('divergences', 'state',
    '{"open": ["proposed", "healed"], "proposed": ["open", "resumed", "healed"]}');
create unique index divergences_one_open on divergences (source) where closed_at is null;
create index divergences_by_time on divergences (found_at desc, divergence_id desc);
