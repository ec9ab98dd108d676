-- reservation_ledger: a hold belongs to an order. One that is sent again while it is being paid holds nothing
-- more: 30 copies of one order held 30 units for a moment, and told others that all were sold.
DROP FUNCTION reserve, sell_reserved;


DROP INDEX reservations_by_hold;


ALTER TABLE reservations ADD COLUMN key text NOT NULL DEFAULT '';


ALTER TABLE reservations ALTER COLUMN key DROP DEFAULT;


CREATE INDEX reservations_by_order ON reservations (shopper, key) WHERE state = 'held';


-- Hold units for `p_ttl_ms`. The caller has locked the stock rows: the sum is only right while nobody else
-- adds to it, and copies of an order, which want the same SKUs, come one after the other.
CREATE FUNCTION reserve(p_shopper bigint, p_key text, p_skus text[], p_quantities bigint[], p_ttl_ms bigint)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    new_hold uuid := uuidv7();
    remaining bigint;
BEGIN
    IF EXISTS (SELECT FROM reservations WHERE shopper = p_shopper AND key = p_key AND state = 'held'
               AND expires_at > clock_timestamp()) THEN
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


CREATE FUNCTION sell_reserved(p_shopper bigint, p_key text, p_hold uuid, p_skus text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sold bigint;
BEGIN
    UPDATE reservations SET state = 'sold' WHERE shopper = p_shopper AND key = p_key AND hold = p_hold
    AND state = 'held' AND expires_at > clock_timestamp();
    GET DIAGNOSTICS sold = ROW_COUNT;
    IF sold < cardinality(p_skus) THEN
        RAISE EXCEPTION USING ERRCODE = 'DD008', MESSAGE = p_hold::text;
    END IF;
END $$;
