-- A try to send isolated money back does not begin before this: after a no the
-- channel is left alone, whoever hears news of it.
alter table isolated_money add column not_before timestamptz;
