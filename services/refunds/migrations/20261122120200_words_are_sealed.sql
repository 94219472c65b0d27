-- What people write about a case is sealed for the member. What stands there in
-- the clear goes; empty where nothing is kept.
alter table cases
    alter column explanation type bytea using '',
    alter column decision_note type bytea using case when decision_note is not null then ''::bytea end;
