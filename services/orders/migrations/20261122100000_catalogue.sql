-- What the chain sells. Nothing here happened at a studio, so no row level
-- security: everybody may read a catalogue, one call writes it.
create table products (
    product_id uuid        primary key,
    code       text        not null unique,
    latest     integer     not null check (latest > 0),  -- number of the latest version
    created_at timestamptz not null,
    version    bigint      not null
);

-- A version of a product's terms. Quotes and cards name one, so it never
-- changes: another price is another version with its own effective date.
create table product_versions (
    product_id        uuid        not null references products,
    number            integer     not null check (number > 0),
    effective_from    timestamptz not null,
    name              text        not null,
    kind              text        not null check (kind in ('annual_card', 'term_card', 'class_pack')),
    price_minor       bigint      not null check (price_minor > 0),
    valid_days        integer     not null check (valid_days > 0),
    validity_start    text        not null check (validity_start in ('payment', 'activation', 'first_visit')),
    start_within_days integer     not null check (start_within_days >= 0),
    activation        text        not null check (activation in ('at_once', 'by_identity')),
    benefits          jsonb       not null check (jsonb_array_length(benefits) > 0),
    sold_at           uuid[]      not null,  -- organisation nodes; none is everywhere
    created_at        timestamptz not null,
    created_by        uuid        not null,
    primary key (product_id, number)
);
create index product_versions_by_time on product_versions (product_id, effective_from desc, number desc);
select append_only('product_versions');
