-- A delegation is a grant that ends by itself. Every role is looked at again by
-- another person within a quarter, and one that nobody uses is named.
alter table grants
    add column expires_at   timestamptz,
    add column certified_by uuid,
    add column certified_at timestamptz,
    add column used_on      date,         -- the last day on which a token carried it
    add column alarmed_at   timestamptz,  -- when it was last named as due or unused
    add constraint grants_end_after_they_begin check (expires_at > granted_at),
    add constraint grants_certified_check check ((certified_by is null) = (certified_at is null)),
    add constraint grants_certified_by_another check (certified_by <> person_id);
create index grants_to_review on grants (coalesce(certified_at, granted_at)) where revoked_at is null;

-- The record of the reviews: who said when that whose role is still needed.
create table certifications (
    certification_id uuid        primary key,
    grant_id         uuid        not null references grants,
    person_id        uuid        not null,  -- who holds the role
    certified_by     uuid        not null,
    certified_at     timestamptz not null,
    constraint certifications_by_another check (certified_by <> person_id)
);
create index certifications_by_grant on certifications (grant_id, certified_at desc);
select append_only('certifications');
