-- A key has one effect over all endpoints and states: in flight, waiting in the intake, or done. What is asked of
-- a key is asked here: it is locked, looked for where it may be, and claimed. A refusal uses up no key.
-- Advisory locks of different meanings have different names: a key may read like a SKU.
CREATE FUNCTION lock_of_key(p_shopper bigint, p_key text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('key ' || p_key, p_shopper)
$$;


-- Keeps `p_answer` for the key and returns null, or returns the answer that was kept earlier.
-- The key is locked to the end of the transaction; whoever meets it locked is told so and does not wait.
CREATE OR REPLACE FUNCTION claim_key(
    p_shopper bigint, p_key text, p_fingerprint text, p_order_id uuid, p_status smallint, p_answer text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    kept_fingerprint text;
    kept_answer      text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock_of_key(p_shopper, p_key)) THEN
        RAISE EXCEPTION USING ERRCODE = 'DD004', MESSAGE = p_key;
    END IF;
    INSERT INTO idempotency_keys (shopper, key, fingerprint, order_id, status, answer)
    SELECT p_shopper, p_key, p_fingerprint, p_order_id, p_status, p_answer
    WHERE NOT EXISTS (SELECT FROM intake WHERE shopper = p_shopper AND key = p_key)
    ON CONFLICT (shopper, key) DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT fingerprint, answer INTO kept_fingerprint, kept_answer
    FROM idempotency_keys WHERE shopper = p_shopper AND key = p_key;
    IF NOT FOUND THEN
        SELECT fingerprint INTO kept_fingerprint FROM intake WHERE shopper = p_shopper AND key = p_key;
    END IF;
    IF kept_fingerprint <> p_fingerprint THEN
        RAISE EXCEPTION USING ERRCODE = 'DD005', MESSAGE = p_key;
    ELSIF kept_answer IS NULL THEN -- it waits in the log, or was refused a moment ago
        RAISE EXCEPTION USING ERRCODE = 'DD004', MESSAGE = p_key;
    END IF;
    RETURN kept_answer;
END $$;


-- Put orders into the log, given as a JSON array of intake's columns. `states` tells of each: `queued`, `kept`,
-- or the SQLSTATE of its refusal; `answers` has the kept answer, or the key.
-- The keys stay locked to the end of the transaction. So whoever decides an order of the log owns its key: others
-- find it locked, or in the log, or done.
DROP FUNCTION enqueue;


CREATE FUNCTION enqueue(p_orders jsonb, OUT states text[], OUT answers text[]) LANGUAGE plpgsql AS $$
DECLARE
    free boolean[];
BEGIN
    SELECT array_agg(pg_try_advisory_xact_lock(lock_of_key(o.shopper, o.key)) ORDER BY o.place)
    INTO free FROM queued_orders(p_orders) o;
    -- In the order of the keys, whatever plan is chosen: two who insert the same ones do not meet crosswise.
    INSERT INTO intake (shopper, key, fingerprint, skus, quantities)
    SELECT f.shopper, f.key, f.fingerprint, f.skus, f.quantities
    FROM (SELECT DISTINCT ON (o.shopper, o.key) o.* FROM queued_orders(p_orders) o WHERE free[o.place]
          ORDER BY o.shopper, o.key, o.place) f
    WHERE NOT EXISTS (SELECT FROM idempotency_keys k WHERE (k.shopper, k.key) = (f.shopper, f.key))
    ORDER BY f.shopper, f.key
    ON CONFLICT DO NOTHING;
    -- What was refused and waits in the log again is not decided. Only now: while the key is in the log as we
    -- left it, nobody can refuse it once more behind our back.
    DELETE FROM decisions d USING queued_orders(p_orders) o
    WHERE (d.shopper, d.key) = (o.shopper, o.key) AND free[o.place] AND d.status <> 201
    AND EXISTS (SELECT FROM intake i WHERE (i.shopper, i.key) = (o.shopper, o.key));
    SELECT array_agg(CASE WHEN NOT free[o.place] THEN 'DD004'
                          WHEN coalesce(k.fingerprint, i.fingerprint) <> o.fingerprint THEN 'DD005'
                          WHEN k.key IS NOT NULL THEN 'kept'
                          WHEN i.key IS NOT NULL THEN 'queued'
                          ELSE 'DD004' -- it was decided a moment ago
                     END ORDER BY o.place),
           array_agg(coalesce(CASE WHEN k.fingerprint = o.fingerprint THEN k.answer END, o.key) ORDER BY o.place)
    INTO states, answers
    FROM queued_orders(p_orders) o
    LEFT JOIN idempotency_keys k USING (shopper, key) LEFT JOIN intake i USING (shopper, key);
END $$;


CREATE FUNCTION queued_orders(p_orders jsonb)
RETURNS TABLE (shopper bigint, key text, fingerprint text, skus text[], quantities bigint[], place bigint)
LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM ROWS FROM (jsonb_to_recordset(p_orders)
        AS (shopper bigint, key text, fingerprint text, skus text[], quantities bigint[])) WITH ORDINALITY
$$;


-- Everything that has to be known to decide a batch of orders, locked to the end of the transaction.
-- `p_owned`: the keys are the caller's already, since they wait in the log.
DROP FUNCTION open_batch;


CREATE FUNCTION open_batch(
    p_shoppers bigint[], p_keys text[], p_skus text[], p_owned boolean,
    OUT order_ids uuid[], OUT claimed boolean[], OUT kept jsonb, OUT wallets jsonb, OUT stock jsonb,
    OUT bought jsonb
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT array_agg(uuidv7()),
           array_agg(p_owned OR pg_try_advisory_xact_lock(lock_of_key(o.shopper, o.key)))
    INTO order_ids, claimed FROM unnest(p_shoppers, p_keys) AS o(shopper, key);
    SELECT jsonb_object_agg(w.shopper, w.balance_won) INTO wallets FROM (
        SELECT a.shopper, a.balance_won FROM wallets a WHERE a.shopper = ANY (p_shoppers)
        ORDER BY a.shopper FOR UPDATE) w;
    SELECT jsonb_object_agg(s.sku, jsonb_build_array(s.available, k.price_won, k.most_each)) INTO stock FROM (
        SELECT b.sku, b.available FROM stock b WHERE b.sku = ANY (p_skus) ORDER BY b.sku COLLATE "C" FOR UPDATE) s
    JOIN skus k USING (sku);
    SELECT jsonb_agg(jsonb_build_array(i.shopper, i.key, i.fingerprint, i.answer)) INTO kept
    FROM unnest(p_shoppers, p_keys) AS o(shopper, key) JOIN idempotency_keys i USING (shopper, key);
    SELECT jsonb_agg(jsonb_build_array(u.sku, u.shopper, u.units)) INTO bought
    FROM shopper_units u WHERE u.sku = ANY (p_skus) AND u.shopper = ANY (p_shoppers);
END $$;


-- unit_rows: any units that nobody else is buying at this moment, locked to the end of the transaction. The key
-- first: to a copy of an order its own units would look as if others had them. Where its answer is kept, no units
-- are locked that others want.
DROP FUNCTION lock_units;


CREATE FUNCTION lock_units(p_shopper bigint, p_key text, p_skus text[], p_quantities bigint[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    found bigint[];
    locked bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock_of_key(p_shopper, p_key))
       OR EXISTS (SELECT FROM idempotency_keys WHERE shopper = p_shopper AND key = p_key) THEN
        RAISE EXCEPTION USING ERRCODE = 'DD004', MESSAGE = p_key;
    END IF;
    FOR i IN 1 .. cardinality(p_skus) LOOP
        found := ARRAY(SELECT id FROM units WHERE sku = p_skus[i] AND order_id IS NULL
                       ORDER BY id LIMIT p_quantities[i] FOR UPDATE SKIP LOCKED);
        IF cardinality(found) < p_quantities[i] THEN
            RAISE EXCEPTION USING MESSAGE = p_skus[i],
                ERRCODE = CASE WHEN EXISTS (SELECT FROM stock WHERE sku = p_skus[i]) THEN 'DD001' ELSE 'DD003' END;
        END IF;
        locked := locked || found;
    END LOOP;
    RETURN locked;
END $$;


-- Until then no worker refuses from memory: units of the SKU are about to come.
ALTER TABLE stock ADD COLUMN reopens_until timestamptz NOT NULL DEFAULT '-infinity';
