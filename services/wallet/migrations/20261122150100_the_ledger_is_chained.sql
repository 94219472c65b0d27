-- Whoever changes, removes, swaps or slips in a movement later is found.
select chained('transfers');
select chained('spend_returns');
