"""Customers and campaigns of a generated shop, made inside PostgreSQL from hashes of their numbers.

`chance(a, b)` is a number in [0, 1) that is always the same for the same a and b.
"""

CHANCE = """
CREATE FUNCTION pg_temp.chance(a bigint, b bigint) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(a, b) >> 11 & 4503599627370495)::double precision / 4503599627370496 $$
"""

CUSTOMERS = """
INSERT INTO customer (id, age_min, age_max, income_min, income_max, home_ownership, marital_status,
    household_size, kids_count, language, consent_marketing)
SELECT id,
    CASE WHEN known THEN (ARRAY[19, 25, 35, 45, 55, 65])[band] END,
    CASE WHEN known THEN (ARRAY[24, 34, 44, 54, 64, NULL])[band] END,
    CASE WHEN known THEN 15000 * income END,
    CASE WHEN known AND income < 9 THEN 15000 * income + 14999 END,
    CASE WHEN NOT known THEN NULL
        WHEN pg_temp.chance(id, %(seed)s + 4) < 0.6 THEN 'homeowner' ELSE 'renter' END,
    CASE WHEN known THEN CASE WHEN persons > 1 THEN 'married' ELSE 'unmarried' END END,
    CASE WHEN known THEN persons END,
    CASE WHEN known THEN greatest(persons - 2, 0) END,
    CASE WHEN pg_temp.chance(id, %(seed)s + 7) < 0.3 THEN 'zh' ELSE 'en' END,
    pg_temp.chance(id, %(seed)s + 5) < 0.55
FROM (
    SELECT id,
        pg_temp.chance(id, %(seed)s + 1) < 0.35 AS known,
        1 + floor(6 * sqrt(pg_temp.chance(id, %(seed)s + 2)))::int AS band,
        floor(10 * pg_temp.chance(id, %(seed)s + 3))::int AS income,
        1 + floor(5 * power(pg_temp.chance(id, %(seed)s + 6), 1.5))::int AS persons
    FROM generate_series(1, %(customers)s) AS id
) AS drawn
"""

PRODUCTS = """
INSERT INTO product (id, name, department, category, product_type, brand, size, price, description, active)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', true)
"""

CAMPAIGNS = """
INSERT INTO campaign (id, campaign_type, name, start_date, end_date)
SELECT id, (ARRAY['A', 'B', 'B', 'C'])[1 + id %% 4], 'Campaign ' || id,
    %(first_day)s + 120 + 24 * id, %(first_day)s + 120 + 24 * id + 30 + 7 * (id %% 4)
FROM generate_series(1, %(campaigns)s) AS id
"""

# Sent to whom it suits: users of coupons three times as often.
TARGETS = """
INSERT INTO campaign_target (campaign_id, customer_id, holdout)
SELECT campaign, customer, pg_temp.chance(customer, %(seed)s + 1000 + campaign) < 0.05
FROM generate_series(1, %(campaigns)s) AS campaign, generate_series(1, %(customers)s) AS customer
WHERE pg_temp.chance(customer, %(seed)s + 100 + campaign)
    < CASE WHEN customer %% %(coupon_every)s = %(coupon_fans)s + 1 THEN 0.06 ELSE 0.02 END
"""

COUPONS = """
INSERT INTO coupon (coupon_id, campaign_id, product_id)
SELECT 100 * campaign + place, campaign,
    1 + floor(%(products)s * pg_temp.chance(100 * campaign + place, %(seed)s))
FROM generate_series(1, %(campaigns)s) AS campaign, generate_series(1, 20) AS place
"""

REDEMPTIONS = """
INSERT INTO redemption (customer_id, campaign_id, coupon_id, redeemed_on)
SELECT customer_id, campaign_id,
    100 * campaign_id + 1 + floor(20 * pg_temp.chance(customer_id, %(seed)s + 3000 + campaign_id)),
    start_date + floor(30 * pg_temp.chance(customer_id, %(seed)s + 4000 + campaign_id))::int
FROM campaign_target JOIN campaign ON campaign.id = campaign_id
WHERE NOT holdout AND pg_temp.chance(customer_id, %(seed)s + 2000 + campaign_id)
    < CASE campaign_type WHEN 'A' THEN 0.1 WHEN 'B' THEN 0.05 ELSE 0.04 END
    * CASE WHEN customer_id %% %(coupon_every)s = %(coupon_fans)s + 1 THEN 4 ELSE 0.5 END
"""
