-- What one order changes, as pgbench does it: the same rows in the same order, statement by statement.
\set shopper random(0, :shoppers - 1)
\set key random(1, 9223372036854775806)
BEGIN;
INSERT INTO idempotency_keys (shopper, key, fingerprint, status, answer)
  VALUES (:shopper, 'bench-' || :key, repeat('f', 64), 201, repeat('a', 150));
INSERT INTO orders (id, shopper, key, state, total_won)
  VALUES (uuidv7(), :shopper, 'bench-' || :key, 'paid', 1000) RETURNING id AS order_id \gset
INSERT INTO order_lines (order_id, sku, quantity, price_won) VALUES (:order_id, 'bench-1', 1, 1000);
UPDATE wallets SET balance_won = balance_won - 1000 WHERE shopper = :shopper AND balance_won >= 1000;
INSERT INTO ledger (shopper, amount_won, kind, order_id) VALUES (:shopper, -1000, 'order', :order_id);
UPDATE stock SET available = available - 1, version = version + 1 WHERE sku = 'bench-1' AND available >= 1;
COMMIT;
