-- One open case an order that a person asked for, be it for the whole or for a
-- due: two side by side would be calculated as if the other did not exist. The
-- system's own cases, for money that bought nothing, stand beside it.
create unique index cases_one_open_an_order on cases (order_id)
    where state not in ('completed', 'rejected') and opened_by is not null;
