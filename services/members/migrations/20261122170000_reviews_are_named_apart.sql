-- A role comes up for two reasons, that nobody certified it in time and that
-- nobody uses it. Each is named once, whatever became of the other.
-- `alarmed_at` served both and is read no more; it stays for the processes of
-- the version before, which write it while these come up.
alter table grants
    add column due_named_at    timestamptz,  -- named as uncertified; certifying clears it
    add column unused_named_at timestamptz;  -- named as unused; the next use clears it

-- The one task that looks at all roles every day, from the first start on: there
-- are roles that were given before anything left it.
insert into tasks (task_id, kind, aggregate, lane, once, payload, due_at)
values (gen_random_uuid(), 'review_grants', '00000000-0000-0000-0000-000000000000',
        'review_grants', 'review_grants', 'null', now())
on conflict (once) do nothing;
