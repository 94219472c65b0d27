-- What the toy service of platform's own tests keeps.
create table things (
    thing_id  uuid   primary key,
    studio_id uuid   not null,
    person_id uuid   not null,
    version   bigint not null default 1,
    state     text   not null default 'new'
);
select enforce_scope('things', 'studio_id', 'person_id');
select guard_transitions('things', 'state', '{"new": ["used"], "used": []}');

create table notes (
    note_id bigint generated always as identity primary key,
    about   uuid   not null,
    text    text   not null
);
select append_only('notes');

-- Facts and tasks about these fail while they stand here.
-- Away: what an outage answers; null: what contradicts everything that is there.
create table poison (aggregate uuid primary key, away boolean default false);
