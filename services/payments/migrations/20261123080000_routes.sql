-- How an attempt came to its account: the rule that preferred it, and who was passed
-- over for what. Attempts from before came to the one account there was.
alter table attempts add column route jsonb not null default '{}';
