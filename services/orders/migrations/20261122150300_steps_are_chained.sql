-- Whoever changes, removes, swaps or slips in a quote, a step or a recorded
-- refund later is found. What people wrote, though sealed, shows as a digest only.
select chained('quotes');
select chained('order_steps', hide => '{words}');
select chained('refund_records');
