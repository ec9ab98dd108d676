-- reservation_ledger: an order whose key is used holds nothing, since it is to be given its kept answer. Until
-- that was found, a copy of a sold order held its units a second time, and others were told that all were sold.
-- The caller has locked the stock rows: the sum is only right while nobody else adds to it, and copies of an
-- order, which want the same SKUs, come one after the other.
CREATE OR REPLACE FUNCTION reserve(p_shopper bigint, p_key text, p_skus text[], p_quantities bigint[], p_ttl_ms bigint)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    new_hold uuid := uuidv7();
    remaining bigint;
BEGIN
    IF EXISTS (SELECT FROM reservations WHERE shopper = p_shopper AND key = p_key AND state = 'held'
               AND expires_at > clock_timestamp())
       OR EXISTS (SELECT FROM idempotency_keys WHERE shopper = p_shopper AND key = p_key) THEN
        RAISE EXCEPTION USING ERRCODE = 'DD004', MESSAGE = p_key;
    END IF;
    FOR i IN 1 .. cardinality(p_skus) LOOP
        SELECT s.initial + s.restocked - coalesce(sum(r.units) FILTER (
                   WHERE r.state = 'sold' OR r.expires_at > clock_timestamp()), 0) INTO remaining
        FROM stock s LEFT JOIN reservations r USING (sku) WHERE s.sku = p_skus[i] GROUP BY s.sku;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'DD003', MESSAGE = p_skus[i];
        ELSIF remaining < p_quantities[i] THEN
            RAISE EXCEPTION USING ERRCODE = 'DD001', MESSAGE = p_skus[i];
        END IF;
        INSERT INTO reservations (hold, sku, shopper, key, units, state, expires_at)
        VALUES (new_hold, p_skus[i], p_shopper, p_key, p_quantities[i], 'held',
                clock_timestamp() + p_ttl_ms * interval '1 millisecond');
    END LOOP;
    RETURN new_hold;
END $$;
