-- What people write at a step is sealed for the applicant, as contact logs are;
-- erasing the person destroys its key, so no row need change. Empty where
-- nothing was written. The order keeps the words of the step that holds it up.
alter table order_steps add column words bytea not null default '';
comment on column order_steps.evidence is 'ids, versions and hashes; nothing that people write';
alter table orders add column words bytea not null default '';
-- From now on the house's own words alone: what people wrote there goes.
alter table orders drop column reason;
alter table orders add column reason text not null default '';
