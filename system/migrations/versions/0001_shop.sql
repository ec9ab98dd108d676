-- Statements are set apart by two empty lines. SQLSTATEs of class DD are the shop's own refusals:
--   DD001 sold out (message: the SKU)      DD002 insufficient funds     DD003 unknown SKU (message: the SKU)
--   DD004 key in progress                  DD005 key reused             DD006 stock changed since it was read
--   DD007 shopper limit (message: the SKU) DD008 the reservation has expired


CREATE TABLE products (
    id        text PRIMARY KEY,
    name      text NOT NULL,
    price_won bigint NOT NULL CONSTRAINT price_is_positive CHECK (price_won > 0)
);


CREATE TABLE skus (
    sku        text PRIMARY KEY,
    product_id text NOT NULL REFERENCES products,
    size       text NOT NULL,
    price_won  bigint NOT NULL CONSTRAINT price_is_positive CHECK (price_won > 0),
    -- how many units one shopper may buy, in all orders together; null: as many as there are
    most_each  bigint CONSTRAINT limit_is_positive CHECK (most_each > 0)
);


-- The fill factor leaves room on the page for the versions of a row that changes a thousand times a second.
-- `kept_in` says where the units are counted: in this row, or in a table of the strategies (0002).
CREATE TABLE stock (
    sku       text PRIMARY KEY REFERENCES skus,
    initial   bigint NOT NULL,
    restocked bigint NOT NULL DEFAULT 0,
    available bigint NOT NULL CONSTRAINT available_is_not_negative CHECK (available >= 0),
    version   bigint NOT NULL DEFAULT 0,
    fence     bigint NOT NULL DEFAULT 0,
    kept_in   text NOT NULL DEFAULT 'row'
              CONSTRAINT place_is_known CHECK (kept_in IN ('row', 'buckets', 'units', 'reservations'))
) WITH (fillfactor = 20);


CREATE TABLE wallets (
    shopper     bigint PRIMARY KEY,
    opening_won bigint NOT NULL,
    balance_won bigint NOT NULL CONSTRAINT balance_is_not_negative CHECK (balance_won >= 0)
) WITH (fillfactor = 70);


CREATE TABLE orders (
    id        uuid PRIMARY KEY,
    shopper   bigint NOT NULL,
    key       text NOT NULL,
    state     text NOT NULL CONSTRAINT state_is_known CHECK (state IN ('paid')),
    total_won bigint NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);


CREATE INDEX orders_by_shopper ON orders (shopper, id);


CREATE TABLE order_lines (
    order_id  uuid NOT NULL REFERENCES orders,
    sku       text NOT NULL,
    quantity  bigint NOT NULL CONSTRAINT quantity_is_positive CHECK (quantity > 0),
    price_won bigint NOT NULL,
    PRIMARY KEY (order_id, sku)
);


-- What shoppers hold of the SKUs that are limited.
CREATE TABLE shopper_units (
    sku     text NOT NULL REFERENCES skus,
    shopper bigint NOT NULL,
    units   bigint NOT NULL,
    PRIMARY KEY (sku, shopper)
);


CREATE TABLE ledger (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shopper    bigint NOT NULL,
    amount_won bigint NOT NULL,
    kind       text NOT NULL CONSTRAINT kind_is_known CHECK (kind IN ('charge', 'order')),
    order_id   uuid,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);


CREATE INDEX ledger_by_shopper ON ledger (shopper, id);


CREATE TABLE idempotency_keys (
    shopper     bigint NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    order_id    uuid,
    status      smallint NOT NULL,
    answer      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (shopper, key)
);


-- Keeps `p_answer` for the key and returns null, or returns the answer that was kept earlier.
-- The key is locked to the end of the transaction; whoever meets it locked is told so and does not wait.
CREATE FUNCTION claim_key(
    p_shopper bigint, p_key text, p_fingerprint text, p_order_id uuid, p_status smallint, p_answer text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    kept_fingerprint text;
    kept_answer      text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(p_key, p_shopper)) THEN
        RAISE EXCEPTION USING ERRCODE = 'DD004', MESSAGE = p_key;
    END IF;
    INSERT INTO idempotency_keys (shopper, key, fingerprint, order_id, status, answer)
    VALUES (p_shopper, p_key, p_fingerprint, p_order_id, p_status, p_answer)
    ON CONFLICT (shopper, key) DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT fingerprint, answer INTO kept_fingerprint, kept_answer
    FROM idempotency_keys WHERE shopper = p_shopper AND key = p_key;
    IF kept_fingerprint <> p_fingerprint THEN
        RAISE EXCEPTION USING ERRCODE = 'DD005', MESSAGE = p_key;
    END IF;
    RETURN kept_answer;
END $$;


-- The beginning of an order: its prices, its key, its answer. If `replayed`, `answer` is the one kept for an
-- earlier request, and nothing is to follow.
CREATE FUNCTION claim_order(
    p_shopper bigint, p_key text, p_fingerprint text, p_skus text[], p_quantities bigint[],
    OUT order_id uuid, OUT answer text, OUT replayed boolean, OUT total bigint, OUT prices bigint[],
    OUT limits bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    price       bigint;
    most        bigint;
    kept_answer text;
    lines       text;
BEGIN
    order_id := uuidv7();
    total := 0;
    FOR i IN 1 .. cardinality(p_skus) LOOP
        SELECT price_won, most_each INTO price, most FROM skus WHERE sku = p_skus[i];
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'DD003', MESSAGE = p_skus[i];
        END IF;
        prices[i] := price;
        limits[i] := most;
        total := total + price * p_quantities[i];
        lines := concat_ws(',', lines, format('{"sku":%s,"quantity":%s,"price_won":%s}',
                                              to_json(p_skus[i]), p_quantities[i], price));
    END LOOP;
    answer := format('{"order_id":"%s","state":"paid","total_won":%s,"lines":[%s]}', order_id, total, lines);
    kept_answer := claim_key(p_shopper, p_key, p_fingerprint, order_id, 201::smallint, answer);
    replayed := kept_answer IS NOT NULL;
    answer := coalesce(kept_answer, answer);
END $$;


-- The rest of an order but its stock: the shopper's limit, order, lines, wallet, ledger.
CREATE FUNCTION book_order(
    p_order_id uuid, p_shopper bigint, p_key text, p_skus text[], p_quantities bigint[], p_prices bigint[],
    p_limits bigint[], p_total bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders (id, shopper, key, state, total_won) VALUES (p_order_id, p_shopper, p_key, 'paid', p_total);
    FOR i IN 1 .. cardinality(p_skus) LOOP
        IF p_limits[i] IS NOT NULL THEN
            PERFORM count_towards_limit(p_skus[i], p_shopper, p_quantities[i], p_limits[i]);
        END IF;
        INSERT INTO order_lines (order_id, sku, quantity, price_won)
        VALUES (p_order_id, p_skus[i], p_quantities[i], p_prices[i]);
    END LOOP;
    UPDATE wallets SET balance_won = balance_won - p_total WHERE shopper = p_shopper AND balance_won >= p_total;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'DD002', MESSAGE = p_total::text;
    END IF;
    INSERT INTO ledger (shopper, amount_won, kind, order_id) VALUES (p_shopper, -p_total, 'order', p_order_id);
END $$;


CREATE FUNCTION count_towards_limit(p_sku text, p_shopper bigint, p_quantity bigint, p_limit bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_quantity <= p_limit THEN
        INSERT INTO shopper_units AS has (sku, shopper, units) VALUES (p_sku, p_shopper, p_quantity)
        ON CONFLICT (sku, shopper) DO UPDATE SET units = has.units + excluded.units
        WHERE has.units + excluded.units <= p_limit;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'DD007', MESSAGE = p_sku;
END $$;


-- The ways to write a stock row. SKUs come sorted, so that two carts meet in the same order.
CREATE FUNCTION take_if_enough(p_skus text[], p_quantities bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        UPDATE stock SET available = available - p_quantities[i], version = version + 1
        WHERE sku = p_skus[i] AND available >= p_quantities[i];
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'DD001', MESSAGE = p_skus[i];
        END IF;
    END LOOP;
END $$;


CREATE FUNCTION take_if_unchanged(p_skus text[], p_quantities bigint[], p_versions bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        UPDATE stock SET available = available - p_quantities[i], version = version + 1
        WHERE sku = p_skus[i] AND version = p_versions[i];
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'DD006', MESSAGE = p_skus[i];
        END IF;
    END LOOP;
END $$;


CREATE FUNCTION take_if_fenced(p_skus text[], p_quantities bigint[], p_token bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        UPDATE stock SET available = available - p_quantities[i], version = version + 1
        WHERE sku = p_skus[i] AND fence = p_token;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'DD006', MESSAGE = p_skus[i];
        END IF;
    END LOOP;
END $$;


CREATE FUNCTION take(p_skus text[], p_quantities bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        UPDATE stock SET available = available - p_quantities[i], version = version + 1 WHERE sku = p_skus[i];
    END LOOP;
END $$;


CREATE FUNCTION overwrite_stock(p_skus text[], p_available bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_skus) LOOP
        UPDATE stock SET available = p_available[i], version = version + 1 WHERE sku = p_skus[i];
    END LOOP;
END $$;
