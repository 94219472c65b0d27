-- What others say about our money, as they said it. None of these tables is
-- bound to a studio: an account at a channel or a bank is a company's.

-- An account whose lines are held against ours: one of a merchant at a channel,
-- or one at a bank.
create table books (
    book_id  uuid    primary key,  -- derived from the two
    party    text    not null check (party in ('wechat', 'alipay', 'bank')),
    account  text    not null,     -- its name in the configuration
    constraint books_key unique (party, account)
);

-- A file, taken once: the same bytes again are the same row.
create table statements (
    statement_id  uuid        primary key,
    book_id       uuid        not null references books,
    kind          text        not null check (kind in ('trades', 'funds', 'bank')),
    day           date        not null,  -- China's time; of a bank's statement the last day in it
    first_day     date        not null,
    digest        bytea       not null,  -- SHA-256 of the bytes
    stated_digest text        not null,  -- as the sender states it, proved; empty when none is stated
    size_bytes    bigint      not null check (size_bytes >= 0),
    state         text        not null default 'reading' check (state in ('reading', 'taken', 'unreadable', 'refused')),
    lines_read    integer     not null default 0,
    why           text        not null default '',  -- it is unreadable or refused
    maker         uuid,                  -- who brought it; nobody when the channel gave it
    fetched_at    timestamptz not null,
    version       bigint      not null default 1,
    constraint statements_once unique (book_id, kind, day, digest)
);
-- One bill of a kind and day counts; a bank's statements may overlap.
create unique index statements_taken_key on statements (book_id, kind, day) where state = 'taken' and kind <> 'bank';
select guard_transitions('statements', 'state', '{"reading": ["taken", "unreadable", "refused"]}'::jsonb);

-- The file itself, compressed and sealed in pieces with a key of its own: it
-- names payers, so it ends as a whole when its key is shredded.
create table statement_parts (
    statement_id uuid    not null references statements,
    part         integer not null check (part >= 0),
    bytes        bytea   not null,
    primary key (statement_id, part)
);
select append_only('statement_parts');

-- Its lines, with nothing of a payer. Lines count once their file is taken.
create table statement_lines (
    statement_id    uuid        not null references statements,
    line            integer     not null check (line > 0),
    book_id         uuid        not null,
    kind            text        not null,
    day             date        not null,  -- of the file; of a bank's line its own
    deed            text        not null check (deed in
        ('payment', 'refund', 'reversal', 'fee', 'payout', 'deposit', 'transfer', 'other')),
    word            text        not null,  -- theirs for the deed
    progress        text        not null check (progress in ('done', 'going', 'failed', 'strange')),
    number          text        not null,  -- ours, or what is the line's own
    transaction     text        not null,  -- theirs
    settle_key      text        not null,  -- what lines of two kinds about one movement have in common
    merchant        text        not null,
    app             text        not null,
    amount_minor    bigint      not null,
    settle_minor    bigint      not null,
    fee_thousandths bigint      not null,  -- of a fen
    rate            numeric,
    balance_minor   bigint,
    at              timestamptz not null,
    primary key (statement_id, line)
);
create index statement_lines_by_number on statement_lines (number, book_id) where kind = 'trades';
create index statement_lines_by_key on statement_lines (book_id, settle_key) where kind <> 'bank';
create index statement_lines_to_settle on statement_lines (book_id, day) where deed in ('payout', 'transfer');
-- A bank's line is one line in however many statements it stands.
create unique index statement_lines_bank_key on statement_lines (book_id, transaction) where kind = 'bank';
select append_only('statement_lines');

alter table quarantine drop constraint quarantine_source_check;
alter table quarantine add constraint quarantine_source_check check (source in ('callback', 'query', 'bill'));
