-- Whoever changes, removes, swaps or slips in a receipt later is found.
select chained('receipts');
