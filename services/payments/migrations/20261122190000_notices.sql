-- What studios publish about paying there: documents for everybody, added and
-- never changed. Nothing of a person lies here, hence no row level security.
create table notices (
    notice_id      uuid        primary key,
    studio_id      uuid        not null,
    number         bigint      not null check (number > 0),
    methods        jsonb       not null check (jsonb_array_length(methods) between 1 and 6),   -- with their steps, in order
    prices         jsonb       not null check (jsonb_array_length(prices) between 1 and 100),  -- in order
    refund_policy  text        not null check (refund_policy <> ''),
    after_sales    text        not null check (after_sales <> ''),
    effective_from timestamptz not null,
    published_by   uuid        not null,
    published_at   timestamptz not null,
    constraint notices_never_back_dated check (effective_from >= published_at),
    constraint notices_number_key unique (studio_id, number)
);
create unique index notices_in_force on notices (studio_id, effective_from desc);
select append_only('notices');
