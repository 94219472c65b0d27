-- What people write about recharges and wallets is sealed for the member. What
-- stands there in the clear goes; empty where nothing is kept.
alter table recharges
    alter column explanation type bytea using case when explanation is not null then ''::bytea end,
    alter column consultation type bytea using case when consultation is not null then ''::bytea end;
alter table wallets
    alter column frozen_why type bytea using case when frozen_why is not null then ''::bytea end;
