-- What some of the strategies need besides the stock row: other places to count units in, a log of orders that
-- were accepted and not yet decided, and orders placed by the batch. Statements are set apart by two empty lines.

-- bucketed_stock: the units of a SKU, spread over rows so that its buyers seldom meet.
CREATE TABLE stock_buckets (
    sku       text NOT NULL REFERENCES stock,
    bucket    integer NOT NULL,
    available bigint NOT NULL CONSTRAINT bucket_is_not_negative CHECK (available >= 0),
    PRIMARY KEY (sku, bucket)
) WITH (fillfactor = 20);


-- unit_rows: a row for each unit; unsold while it has no order.
CREATE TABLE units (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku      text NOT NULL REFERENCES stock,
    order_id uuid
);


CREATE INDEX unsold_units ON units (sku, id) WHERE order_id IS NULL;


-- reservation_ledger: units sold, and units held for an order that is being paid.
CREATE TABLE reservations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold       uuid NOT NULL,
    sku        text NOT NULL REFERENCES stock,
    shopper    bigint NOT NULL,
    units      bigint NOT NULL,
    state      text NOT NULL CONSTRAINT reservation_state_is_known CHECK (state IN ('held', 'sold')),
    expires_at timestamptz NOT NULL
);


CREATE INDEX reservations_by_sku ON reservations (sku) INCLUDE (units, state, expires_at);


CREATE INDEX reservations_by_hold ON reservations (hold);


-- Queued strategies: what was accepted and is not decided. Whoever was told "queued" has a row here or below.
CREATE TABLE intake (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shopper     bigint NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    skus        text[] NOT NULL,
    quantities  bigint[] NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (shopper, key)
);


-- What became of them: the status and the body that a direct answer would have had. `source` names the
-- delivery that was decided, by which a redelivery is known.
CREATE TABLE decisions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shopper    bigint NOT NULL,
    key        text NOT NULL,
    status     smallint NOT NULL,
    answer     text NOT NULL,
    source     text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (shopper, key)
);


-- Units of each SKU that can be sold now, and that are held for somebody, wherever they are counted.
CREATE VIEW stock_left AS
SELECT s.sku,
       (CASE s.kept_in
        WHEN 'row' THEN s.available
        WHEN 'buckets' THEN (SELECT sum(b.available) FROM stock_buckets b WHERE b.sku = s.sku)
        WHEN 'units' THEN (SELECT count(*) FROM units u WHERE u.sku = s.sku AND u.order_id IS NULL)
        ELSE s.initial + s.restocked - r.sold - r.held
        END)::bigint AS available,
       r.held AS reserved
FROM stock s,
     LATERAL (SELECT coalesce(sum(units) FILTER (WHERE state = 'sold'), 0)::bigint AS sold,
                     coalesce(sum(units) FILTER (WHERE state = 'held' AND expires_at > clock_timestamp()), 0)::bigint
                         AS held
              FROM reservations WHERE sku = s.sku) r;


-- Whether every unit is sold; asked ten times a second, of every SKU.
CREATE FUNCTION is_sold_out(s stock) RETURNS boolean LANGUAGE sql AS $$
    SELECT CASE s.kept_in
           WHEN 'row' THEN s.available <= 0
           WHEN 'buckets' THEN NOT EXISTS (SELECT FROM stock_buckets b WHERE b.sku = s.sku AND b.available > 0)
           WHEN 'units' THEN NOT EXISTS (SELECT FROM units u WHERE u.sku = s.sku AND u.order_id IS NULL)
           ELSE s.initial + s.restocked <= coalesce((
               SELECT sum(r.units) FROM reservations r WHERE r.sku = s.sku AND r.state = 'sold'), 0)
           END
$$;


-- redis_fenced_lock: reads the stock and shuts out every holder of an older token from that moment on. To
-- check the token at the write alone would not do: an older holder could still write between our read and it.
CREATE FUNCTION read_behind_fence(p_skus text[], p_token bigint)
RETURNS TABLE (sku text, available bigint, version bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        RETURN QUERY UPDATE stock s SET fence = p_token WHERE s.sku = p_skus[i] AND s.fence < p_token
                     RETURNING s.sku, s.available, s.version;
        IF NOT FOUND AND EXISTS (SELECT FROM stock s WHERE s.sku = p_skus[i]) THEN
            RAISE EXCEPTION USING ERRCODE = 'DD006', MESSAGE = p_skus[i];
        END IF;
    END LOOP;
END $$;


-- unit_rows: any units that nobody else is buying at this moment, locked to the end of the transaction.
CREATE FUNCTION lock_units(p_skus text[], p_quantities bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    found bigint[];
    locked bigint[];
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        found := ARRAY(SELECT id FROM units WHERE sku = p_skus[i] AND order_id IS NULL
                       ORDER BY id LIMIT p_quantities[i] FOR UPDATE SKIP LOCKED);
        IF NOT EXISTS (SELECT FROM stock WHERE sku = p_skus[i]) THEN
            RAISE EXCEPTION USING ERRCODE = 'DD003', MESSAGE = p_skus[i];
        ELSIF cardinality(found) < p_quantities[i] THEN
            RAISE EXCEPTION USING ERRCODE = 'DD001', MESSAGE = p_skus[i];
        END IF;
        locked := locked || found;
    END LOOP;
    RETURN locked;
END $$;


CREATE FUNCTION take_units(p_order_id uuid, p_units bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE units SET order_id = p_order_id WHERE id = ANY (p_units)
$$;


-- bucketed_stock: from the shopper's own bucket, or the next one that seems to hold enough.
CREATE FUNCTION take_from_buckets(p_shopper bigint, p_skus text[], p_quantities bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own integer;
    buckets integer;
    chosen integer;
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        SELECT count(*) INTO buckets FROM stock_buckets WHERE sku = p_skus[i];
        own := abs(hashint8extended(p_shopper, 0) % greatest(buckets, 1));
        LOOP
            SELECT bucket INTO chosen FROM stock_buckets WHERE sku = p_skus[i] AND available >= p_quantities[i]
            ORDER BY (bucket - own + buckets) % buckets LIMIT 1;
            IF NOT FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'DD001', MESSAGE = p_skus[i];
            END IF;
            UPDATE stock_buckets SET available = available - p_quantities[i]
            WHERE sku = p_skus[i] AND bucket = chosen AND available >= p_quantities[i];
            EXIT WHEN FOUND;
        END LOOP;
    END LOOP;
END $$;


-- reservation_ledger: hold units for `p_ttl_ms`. The caller has locked the stock rows: the sum is only right
-- while nobody else adds to it.
CREATE FUNCTION reserve(p_shopper bigint, p_skus text[], p_quantities bigint[], p_ttl_ms bigint)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    new_hold uuid := uuidv7();
    remaining bigint;
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        SELECT s.initial + s.restocked - coalesce(sum(r.units) FILTER (
                   WHERE r.state = 'sold' OR r.expires_at > clock_timestamp()), 0) INTO remaining
        FROM stock s LEFT JOIN reservations r USING (sku) WHERE s.sku = p_skus[i] GROUP BY s.sku;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'DD003', MESSAGE = p_skus[i];
        ELSIF remaining < p_quantities[i] THEN
            RAISE EXCEPTION USING ERRCODE = 'DD001', MESSAGE = p_skus[i];
        END IF;
        INSERT INTO reservations (hold, sku, shopper, units, state, expires_at)
        VALUES (new_hold, p_skus[i], p_shopper, p_quantities[i], 'held',
                clock_timestamp() + p_ttl_ms * interval '1 millisecond');
    END LOOP;
    RETURN new_hold;
END $$;


CREATE FUNCTION sell_reserved(p_hold uuid, p_skus text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sold bigint;
BEGIN
    UPDATE reservations SET state = 'sold' WHERE hold = p_hold AND state = 'held' AND expires_at > clock_timestamp();
    GET DIAGNOSTICS sold = ROW_COUNT;
    IF sold < cardinality(p_skus) THEN
        RAISE EXCEPTION USING ERRCODE = 'DD008', MESSAGE = p_hold::text;
    END IF;
END $$;


-- Put orders into the log, given as a JSON array of intake's columns. Returns what is known of the keys that
-- were there before: `status` 201 with the kept answer, or 202 where the key waits in the log already.
CREATE FUNCTION enqueue(p_orders jsonb)
RETURNS TABLE (shopper bigint, key text, fingerprint text, status smallint, answer text)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT k.shopper, k.key, k.fingerprint, k.status, k.answer
                 FROM jsonb_to_recordset(p_orders) AS o(shopper bigint, key text)
                 JOIN idempotency_keys k USING (shopper, key);
    RETURN QUERY SELECT i.shopper, i.key, i.fingerprint, 202::smallint, ''
                 FROM jsonb_to_recordset(p_orders) AS o(shopper bigint, key text)
                 JOIN intake i USING (shopper, key);
    INSERT INTO intake (shopper, key, fingerprint, skus, quantities)
    SELECT o.shopper, o.key, o.fingerprint, o.skus, o.quantities
    FROM jsonb_to_recordset(p_orders)
         AS o(shopper bigint, key text, fingerprint text, skus text[], quantities bigint[])
    WHERE NOT EXISTS (SELECT FROM idempotency_keys k WHERE k.shopper = o.shopper AND k.key = o.key)
    ON CONFLICT DO NOTHING;
    -- What was refused and waits in the log again is not decided. Only now: while the key is in the log as we
    -- left it, nobody can refuse it once more behind our back.
    DELETE FROM decisions d USING jsonb_to_recordset(p_orders) AS o(shopper bigint, key text)
    WHERE (d.shopper, d.key) = (o.shopper, o.key) AND d.status <> 201
    AND EXISTS (SELECT FROM intake i WHERE (i.shopper, i.key) = (o.shopper, o.key));
END $$;


-- Orders that were sent in one message, given as a JSON array: each is placed and committed for itself, or has
-- no effect. `states` tells of each: `new`, `kept`, or the SQLSTATE of its refusal; `answers` has its answer, or
-- the refusal's message. `p_take` is a way to take stock that needs to know nothing beforehand.
CREATE PROCEDURE place_orders(
    p_orders jsonb, p_take text, p_stock_first boolean, OUT states text[], OUT answers text[]
) LANGUAGE plpgsql AS $$
DECLARE
    o record;
    c record;
BEGIN
    FOR o IN SELECT * FROM jsonb_to_recordset(p_orders)
             AS x(shopper bigint, key text, fingerprint text, skus text[], quantities bigint[]) LOOP
        BEGIN
            SELECT * INTO c FROM claim_order(o.shopper, o.key, o.fingerprint, o.skus, o.quantities);
            IF NOT c.replayed THEN
                IF p_stock_first THEN
                    PERFORM take_stock(p_take, o.shopper, o.skus, o.quantities);
                END IF;
                PERFORM book_order(c.order_id, o.shopper, o.key, o.skus, o.quantities, c.prices, c.limits, c.total);
                IF NOT p_stock_first THEN
                    PERFORM take_stock(p_take, o.shopper, o.skus, o.quantities);
                END IF;
            END IF;
            states := states || CASE WHEN c.replayed THEN 'kept' ELSE 'new' END;
            answers := answers || c.answer;
        EXCEPTION WHEN OTHERS THEN
            states := states || SQLSTATE;
            answers := answers || SQLERRM;
        END;
        COMMIT;
    END LOOP;
END $$;


CREATE FUNCTION take_stock(p_take text, p_shopper bigint, p_skus text[], p_quantities bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE p_take
    WHEN 'IF_ENOUGH' THEN PERFORM take_if_enough(p_skus, p_quantities);
    WHEN 'FROM_BUCKETS' THEN PERFORM take_from_buckets(p_shopper, p_skus, p_quantities);
    END CASE;
END $$;


-- Everything that has to be known to decide a batch of orders, locked to the end of the transaction.
CREATE FUNCTION open_batch(
    p_shoppers bigint[], p_keys text[], p_skus text[],
    OUT order_ids uuid[], OUT claimed boolean[], OUT kept jsonb, OUT wallets jsonb, OUT stock jsonb,
    OUT bought jsonb
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT array_agg(uuidv7()), array_agg(pg_try_advisory_xact_lock(hashtextextended(o.key, o.shopper)))
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


-- The orders of a batch that were accepted, as arrays of equal length; the lines in arrays of their own.
CREATE FUNCTION write_batch(
    p_order_ids uuid[], p_shoppers bigint[], p_keys text[], p_fingerprints text[], p_totals bigint[],
    p_answers text[], p_line_orders uuid[], p_line_shoppers bigint[], p_line_skus text[],
    p_line_quantities bigint[], p_line_prices bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO idempotency_keys (shopper, key, fingerprint, order_id, status, answer)
    SELECT o.shopper, o.key, o.fingerprint, o.id, 201, o.answer
    FROM unnest(p_shoppers, p_keys, p_fingerprints, p_order_ids, p_answers)
         AS o(shopper, key, fingerprint, id, answer);
    INSERT INTO orders (id, shopper, key, state, total_won)
    SELECT o.id, o.shopper, o.key, 'paid', o.total
    FROM unnest(p_order_ids, p_shoppers, p_keys, p_totals) AS o(id, shopper, key, total);
    INSERT INTO order_lines (order_id, sku, quantity, price_won)
    SELECT * FROM unnest(p_line_orders, p_line_skus, p_line_quantities, p_line_prices);
    INSERT INTO shopper_units AS has (sku, shopper, units)
    SELECT l.sku, l.shopper, sum(l.quantity)
    FROM unnest(p_line_skus, p_line_shoppers, p_line_quantities) AS l(sku, shopper, quantity)
    JOIN skus k ON k.sku = l.sku AND k.most_each IS NOT NULL GROUP BY l.sku, l.shopper
    ON CONFLICT (sku, shopper) DO UPDATE SET units = has.units + excluded.units;
    UPDATE wallets w SET balance_won = w.balance_won - o.spent
    FROM (SELECT shopper, sum(total) AS spent FROM unnest(p_shoppers, p_totals) AS o(shopper, total)
          GROUP BY shopper) o
    WHERE w.shopper = o.shopper;
    INSERT INTO ledger (shopper, amount_won, kind, order_id)
    SELECT o.shopper, -o.total, 'order', o.id FROM unnest(p_shoppers, p_totals, p_order_ids) AS o(shopper, total, id);
    UPDATE stock s SET available = s.available - l.taken, version = s.version + 1
    FROM (SELECT sku, sum(quantity) AS taken FROM unnest(p_line_skus, p_line_quantities) AS l(sku, quantity)
          GROUP BY sku) l
    WHERE s.sku = l.sku;
END $$;
