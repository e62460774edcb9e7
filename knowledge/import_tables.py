"""The files that `shopwright import` reads, in the order in which they depend on one another."""

from shopwright.knowledge import tables as shop
from shopwright.knowledge.import_schema import LONG_TEXT, Column, TableFile

LANGUAGES = ("en", "zh")


def _id(meaning: str, example: str, references: str = "", name: str = "id") -> Column:
    return Column(name, "id", meaning, example, required=True, references=references)


CUSTOMERS = TableFile(
    "customers",
    shop.Customer,
    "One row a customer. Leave a cell empty where you do not know.",
    (
        _id("The customer's number.", "1001"),
        Column("name", "text", "Name, as staff should see it.", "Li Wei"),
        Column("age", "integer", "Age in years; instead of the two columns below.", "34", maximum=120),
        Column("age_min", "integer", "Youngest age of the customer's age band.", "25", maximum=120),
        Column("age_max", "integer", "Oldest age of the band; empty: open.", "34", maximum=120),
        Column("income_min", "integer", "Yearly income from, in the shop's currency.", "35000"),
        Column("income_max", "integer", "Yearly income up to; empty: open.", "49999"),
        Column(
            "home_ownership", "choice", "Owns or rents the home.", "renter", choices=("homeowner", "renter")
        ),
        Column("marital_status", "choice", "Married or not.", "married", choices=("married", "unmarried")),
        Column("household_size", "integer", "Persons in the household.", "3", minimum=1, maximum=50),
        Column("kids_count", "integer", "Children in the household.", "1", maximum=30),
        Column("language", "choice", "Language to write to the customer in.", "zh", choices=LANGUAGES),
        Column("email", "email", "Where to write to.", "li.wei@example.com", max_length=254),
        Column("consent_marketing", "flag", "Agreed to receive marketing; empty: no.", "yes", default=False),
        Column("consent_at", "time", "When the customer agreed.", "2026-01-31 18:05"),
    ),
    ordered=(("age_min", "age_max"), ("age_min", "age"), ("age", "age_max"), ("income_min", "income_max")),
)

PRODUCTS = TableFile(
    "products",
    shop.Product,
    "One row a product.",
    (
        _id("The product's number.", "501"),
        Column("name", "text", "What a shopper reads.", "Oolong tea 250 g", required=True),
        Column("department", "text", "Widest group.", "Grocery", default=""),
        Column("category", "text", "Group within the department.", "Tea", default=""),
        Column("product_type", "text", "Group within the category.", "Oolong tea", default=""),
        Column("brand", "text", "Brand name.", "Tieguanyin House", default=""),
        Column("size", "text", "Size with its unit.", "250 g", default=""),
        Column("price", "number", "Shelf price of one; empty: unknown.", "12.50"),
        Column("description", "long_text", "What search should find it by.", "Light roast", default="",
               max_length=10_000),
        Column("active", "flag", "Offered now; empty: yes.", "yes", default=True),
    ),
    outbox="product",
)  # fmt: skip

CAMPAIGNS = TableFile(
    "campaigns",
    shop.Campaign,
    "One row a campaign.",
    (
        _id("The campaign's number.", "7"),
        Column("campaign_type", "text", "Kind of campaign; forecasts compare campaigns of one kind.",
               "newsletter", default="standard", max_length=100),
        Column("name", "text", "What staff call it.", "Spring tea weeks", default=""),
        Column("start_date", "date", "First day.", "2026-03-01", required=True),
        Column("end_date", "date", "Last day, not before the first.", "2026-03-14", required=True),
    ),
    ordered=(("start_date", "end_date"),),
)  # fmt: skip

ORDERS = TableFile(
    "orders",
    shop.Order,
    "One row an order (one basket paid at once).",
    (
        _id("The order's number.", "90001"),
        _id("Whose order: an `id` of customers.", "1001", "customers", "customer_id"),
        Column("ordered_at", "time", "When, in the shop's local time.", "2026-03-05 14:20", required=True),
        Column("store_id", "integer", "Number of the store.", "12"),
        Column("status", "choice", "How far it is; empty: completed.", "completed", default="completed",
               choices=("placed", "shipped", "completed", "cancelled")),
        Column("total", "number", "What was paid; empty: the sum of the order's lines.", "25.00",
               default=0.0, keep=True),
    ),
)  # fmt: skip

ORDER_LINES = TableFile(
    "order_lines",
    shop.OrderLine,
    "One row a product in an order. Lines have no number of their own: importing lines of an order "
    "again replaces all lines of that order.",
    (
        _id("An `id` of orders.", "90001", "orders", "order_id"),
        _id("An `id` of products.", "501", "products", "product_id"),
        Column("quantity", "integer", "Pieces.", "2", required=True),
        Column("amount", "number", "Paid for the line, after discounts.", "25.00", required=True),
        Column("retail_discount", "number", "Discount of the shop itself.", "0", default=0.0),
        Column("coupon_discount", "number", "Discount by a coupon.", "0", default=0.0),
        Column("coupon_match_discount", "number", "What the shop added to a coupon.", "0", default=0.0),
    ),
    key=(),
    replaced_by="order_id",
)

CAMPAIGN_TARGETS = TableFile(
    "campaign_targets",
    shop.CampaignTarget,
    "One row a customer to whom a campaign was sent.",
    (
        _id("An `id` of campaigns.", "7", "campaigns", "campaign_id"),
        _id("An `id` of customers.", "1001", "customers", "customer_id"),
        Column("holdout", "flag", "Kept out at random, to compare with; empty: no.", "no", default=False),
    ),
    key=("campaign_id", "customer_id"),
)

COUPONS = TableFile(
    "coupons",
    shop.Coupon,
    "One row a product that a coupon of a campaign is good for.",
    (
        _id("The coupon's number.", "3001", name="coupon_id"),
        _id("An `id` of campaigns.", "7", "campaigns", "campaign_id"),
        _id("An `id` of products.", "501", "products", "product_id"),
    ),
    key=("coupon_id", "campaign_id", "product_id"),
)

REDEMPTIONS = TableFile(
    "redemptions",
    shop.Redemption,
    "One row a coupon used by a customer on a day. The coupon may be one without products in coupons.",
    (
        _id("An `id` of customers.", "1001", "customers", "customer_id"),
        _id("An `id` of campaigns.", "7", "campaigns", "campaign_id"),
        _id("The coupon's number.", "3001", name="coupon_id"),
        Column("redeemed_on", "date", "Day of use.", "2026-03-05", required=True),
    ),
    key=("customer_id", "campaign_id", "coupon_id", "redeemed_on"),
)

PROMOTIONS = TableFile(
    "promotions",
    shop.Promotion,
    "One row a product and week in which stores displayed it or had it in the mailer.",
    (
        _id("An `id` of products.", "501", "products", "product_id"),
        Column(
            "week", "integer", "Week in the shop's calendar.", "9", required=True, minimum=1, maximum=6000
        ),
        Column("display_stores", "integer", "Stores that displayed it.", "14", default=0),
        Column("mailer_stores", "integer", "Stores that had it in the mailer.", "30", default=0),
    ),
    key=("product_id", "week"),
)

REVIEWS = TableFile(
    "reviews",
    shop.Review,
    "One row a review. `source` and `source_ref` together tell reviews apart.",
    (
        Column("source", "text", "Where it was written; empty: shop.", "web shop", default="shop",
               max_length=100),
        Column("source_ref", "text", "The review's id there.", "r-1", required=True, max_length=200),
        Column("subject", "text", "What it is about.", "tea", default=""),
        Column("product_id", "id", "An `id` of products, where it is about one.", "501",
               references="products"),
        Column("language", "choice", "Empty: zh where the text holds Chinese characters, else en.", "en",
               choices=LANGUAGES),
        Column("text", "long_text", "The review.", "Fragrant, came quickly.", required=True,
               max_length=20_000),
        Column("label", "integer", "Your own judgement: 1 good, 0 bad.", "1", maximum=1),
        Column("rating", "number", "Stars or points.", "4.5", maximum=100),
        Column("written_at", "time", "When it was written.", "2026-03-09"),
    ),
    key=("source", "source_ref"),
    on_update={"positive_probability": None},
)  # fmt: skip

DOCUMENTS = TableFile(
    "documents",
    shop.Document,
    "One row a policy or help passage in one language, short enough to be quoted whole.",
    (
        Column("slug", "text", "Short name, the same in every language.", "returns-30-days", required=True,
               max_length=200),
        Column("language", "choice", "Language of the passage.", "en", required=True, choices=LANGUAGES),
        Column("topic", "text", "Theme.", "returns", default="", max_length=100),
        Column("title", "text", "Heading.", "Returns within 30 days", required=True),
        Column("text", "long_text", "The passage.", "You may return goods for 30 days.", required=True,
               max_length=LONG_TEXT),
    ),
    key=("slug", "language"),
    on_insert={"updated_at": "now"},
    on_update={"updated_at": "now"},
    outbox="document",
)  # fmt: skip

TABLES: tuple[TableFile, ...] = (
    CUSTOMERS,
    PRODUCTS,
    CAMPAIGNS,
    ORDERS,
    ORDER_LINES,
    CAMPAIGN_TARGETS,
    COUPONS,
    REDEMPTIONS,
    PROMOTIONS,
    REVIEWS,
    DOCUMENTS,
)
"""Every file, each after those it refers to."""

MODELS = {table.name: table.model for table in TABLES}
