-- What is told to a person, on one channel. No address and no text lies here:
-- the address is asked of members when a mail leaves, and the text is made of
-- the template and of values that are ids, sums, times and names of things.
create table messages (
    message_id   uuid        primary key,
    person_id    uuid        not null,
    studio_id    uuid,                       -- null when the cause happened nowhere, as a sign-in
    template     text        not null,
    channel      text        not null check (channel in ('email', 'in_app')),
    state        text        not null check (state in ('queued', 'sending', 'sent', 'failed')),
    fill         jsonb       not null,       -- the template's values
    challenge_id uuid,                       -- whose one-time code goes with it
    source       text        not null,
    cause_id     uuid        not null,       -- the fact or the request that caused it
    about_id     uuid        not null,
    attempts     integer     not null default 0 check (attempts >= 0),
    failure      text        not null default '',
    created_at   timestamptz not null,
    sent_at      timestamptz,
    read_at      timestamptz,
    version      bigint      not null,
    constraint messages_once unique (cause_id, template, channel),
    check ((state = 'sent') = (sent_at is not null)),
    check (state <> 'failed' or failure <> ''),
    check (read_at is null or channel = 'in_app'),
    check (challenge_id is null or channel = 'email')  -- a code is never shown in the app
);
create index messages_by_person on messages (person_id, message_id desc);
create index messages_by_studio on messages (studio_id, message_id desc);
create index messages_unsent on messages (state, message_id desc) where state <> 'sent';

select enforce_scope('messages', 'studio_id', 'person_id');
select guard_transitions('messages', 'state',
    '{"queued": ["sending", "failed"], "sending": ["sent", "failed"], "failed": ["queued"]}'::jsonb);

-- What is announced to everyone who holds a role at a studio.
create table notices (
    notice_id  uuid        primary key,
    department text        not null,  -- the role, as finance_staff
    studio_id  uuid        not null,
    template   text        not null,
    fill       jsonb       not null,
    source     text        not null,
    cause_id   uuid        not null,
    about_id   uuid        not null,
    created_at timestamptz not null,
    constraint notices_once unique (cause_id, template, department)
);
create index notices_by_studio on notices (studio_id, notice_id desc);

select enforce_scope('notices', 'studio_id');
select append_only('notices');
