"""The retail domain's tools over a database of plain objects, with the benchmark's words where they refuse.

A method's signature and docstring are the tool's whole schema.
"""

import copy
import inspect
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_type_hints

from shopwright.evals.tau2 import arithmetic

Record = dict[str, Any]
OrderId = Annotated[str, "The order's id with its leading #, such as '#W0000000'."]
UserId = Annotated[str, "The user's id, such as 'sara_doe_496'."]
Items = Annotated[
    list[str], "Ids of the items concerned, such as '1008292230'; an item that is meant twice stands twice."
]
NewItems = Annotated[
    list[str],
    "Ids of the new items: one for each old item, in the same order, of the same product.",
]
Payment = Annotated[
    str,
    "The payment method's id, such as 'gift_card_0000000' or 'credit_card_0000000', from the details of the "
    "user or the order.",
]
Address1 = Annotated[str, "The address's first line, such as '123 Main St'."]
Address2 = Annotated[str, "The address's second line, such as 'Apt 1', or ''."]
City = Annotated[str, "The city, such as 'San Francisco'."]
State = Annotated[str, "The state, such as 'CA'."]
Country = Annotated[str, "The country, such as 'USA'."]
Zip = Annotated[str, "The zip code, such as '12345'."]

WRITES = frozenset(
    (
        "cancel_pending_order",
        "exchange_delivered_order_items",
        "modify_pending_order_address",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "modify_user_address",
        "return_delivered_order_items",
    )
)
REASONS = ("no longer needed", "ordered by mistake")


class RetailTools:
    """The tools of one conversation, over its own database. A public method is a tool; ValueError refuses."""

    def __init__(self, database: Record) -> None:
        self._database = database

    # Looking

    def find_user_id_by_email(self, email: Annotated[str, "The user's email address."]) -> str:
        """Find a user's id by email address."""
        for user_id, user in self._database["users"].items():
            if _folded(user["email"]) == _folded(email):
                return str(user_id)
        raise ValueError("User not found")

    def find_user_id_by_name_zip(
        self,
        first_name: Annotated[str, "The first name, such as 'John'."],
        last_name: Annotated[str, "The last name, such as 'Doe'."],
        zip: Zip,
    ) -> str:
        """Find a user's id by name and zip code. Only for users who are not found by email, or who do not
        remember theirs."""
        for user_id, user in self._database["users"].items():
            name = (_folded(user["name"]["first_name"]), _folded(user["name"]["last_name"]))
            if name == (_folded(first_name), _folded(last_name)) and user["address"]["zip"] == zip:
                return str(user_id)
        raise ValueError("User not found")

    def get_user_details(self, user_id: UserId) -> Record:
        """A user's details: address, payment methods and the ids of the orders."""
        return self._user(user_id)

    def get_order_details(self, order_id: OrderId) -> Record:
        """An order's status and details."""
        return self._order(order_id)

    def get_product_details(
        self, product_id: Annotated[str, "The product's id, such as '6086499569'; it is no item's id."]
    ) -> Record:
        """A product's variants, with price and availability of each."""
        return self._product(product_id)

    def get_item_details(
        self, item_id: Annotated[str, "The item's id, such as '1008292230'; it is no product's id."]
    ) -> Record:
        """An item's options, price and availability."""
        for product in self._database["products"].values():
            if item_id in product["variants"]:
                return dict(product["variants"][item_id])
        raise ValueError("Item not found")

    def list_all_product_types(self) -> str:
        """Name and product id of every product type; each has several items with their own ids."""
        products = self._database["products"].values()
        return json.dumps({one["name"]: one["product_id"] for one in products}, sort_keys=True)

    def calculate(
        self, expression: Annotated[str, "Numbers, + - * /, parentheses and spaces, such as '2 + 2'."]
    ) -> str:
        """Calculate the result of an expression."""
        return arithmetic.calculate(expression)

    def transfer_to_human_agents(self, summary: Annotated[str, "A summary of the user's issue."]) -> str:
        """Hand the user over to a human agent. Only when the user asks for one, or when the policy and the
        tools do not let you solve the issue."""
        return "Transfer successful"

    # Pending orders

    def cancel_pending_order(
        self,
        order_id: OrderId,
        reason: Annotated[str, "Either 'no longer needed' or 'ordered by mistake'."],
    ) -> Record:
        """Cancel a pending order and refund it; a gift card is refunded at once, others take 5 to 7 business
        days. Explain the cancellation and get the user's explicit yes first."""
        order = self._order(order_id)
        if order["status"] != "pending":
            raise ValueError("Non-pending order cannot be cancelled")
        if reason not in REASONS:
            raise ValueError("Invalid reason")
        refunds = []
        for paid in order["payment_history"]:
            refunds.append(_payment("refund", paid["amount"], paid["payment_method_id"]))
            self._give_back(order["user_id"], paid["payment_method_id"], paid["amount"])
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        order["payment_history"].extend(refunds)
        return order

    def modify_pending_order_address(
        self,
        order_id: OrderId,
        address1: Address1,
        address2: Address2,
        city: City,
        state: State,
        country: Country,
        zip: Zip,
    ) -> Record:
        """Change a pending order's shipping address. Explain the change and get the user's explicit yes
        first."""
        order = self._order(order_id)
        if "pending" not in order["status"]:
            raise ValueError("Non-pending order cannot be modified")
        order["address"] = _address(address1, address2, city, state, country, zip)
        return order

    def modify_pending_order_items(
        self, order_id: OrderId, item_ids: Items, new_item_ids: NewItems, payment_method_id: Payment
    ) -> Record:
        """Change items of a pending order to other items of the same product; only once for an order. The
        payment method pays or gets the difference. Explain the change and get the user's explicit yes
        first."""
        order = self._order(order_id)
        if order["status"] != "pending":
            raise ValueError("Non-pending order cannot be modified")
        self._check_held(order, item_ids, "{} not found")
        if len(item_ids) != len(new_item_ids):
            raise ValueError("The number of items to be exchanged should match")
        difference: float = 0
        variant: Record = {}
        for old, new in zip(item_ids, new_item_ids, strict=True):
            if old == new:
                raise ValueError("The new item id should be different from the old item id")
            item, variant = self._pair(order, old, new)
            difference += variant["price"] - item["price"]
        method = self._method(order["user_id"], payment_method_id)
        if _is_gift_card(method) and method["balance"] < difference:
            raise ValueError("Insufficient gift card balance to pay for the new item")
        kind = "payment" if difference > 0 else "refund"
        order["payment_history"].append(_payment(kind, abs(difference), payment_method_id))
        self._give_back(order["user_id"], payment_method_id, -difference)
        for old, new in zip(item_ids, new_item_ids, strict=True):
            item = _item(order, old)
            item["item_id"] = new
            # The benchmark gives every item the last one's price and options; so must we, to grade alike.
            item["price"] = variant["price"]
            item["options"] = copy.deepcopy(variant["options"])
        order["status"] = "pending (item modified)"
        return order

    def modify_pending_order_payment(self, order_id: OrderId, payment_method_id: Payment) -> Record:
        """Change how a pending order is paid; the former method is refunded. Explain the change and get the
        user's explicit yes first."""
        order = self._order(order_id)
        if "pending" not in order["status"]:
            raise ValueError("Non-pending order cannot be modified")
        method = self._method(order["user_id"], payment_method_id)
        history = order["payment_history"]
        if len(history) != 1 or history[0]["transaction_type"] != "payment":
            raise ValueError("There should be exactly one payment for a pending order")
        before, amount = history[0]["payment_method_id"], history[0]["amount"]
        if before == payment_method_id:
            raise ValueError("The new payment method should be different from the current one")
        if _is_gift_card(method) and method["balance"] < amount:
            raise ValueError("Insufficient gift card balance to pay for the order")
        history += [_payment("payment", amount, payment_method_id), _payment("refund", amount, before)]
        self._give_back(order["user_id"], payment_method_id, -amount)
        self._give_back(order["user_id"], before, amount)
        return order

    # Delivered orders

    def return_delivered_order_items(
        self, order_id: OrderId, item_ids: Items, payment_method_id: Payment
    ) -> Record:
        """Return items of a delivered order; the refund goes to the original payment method or to a gift
        card. Explain the return and get the user's explicit yes first. The user is told by email how to send
        the items back."""
        order = self._order(order_id)
        if order["status"] != "delivered":
            raise ValueError("Non-delivered order cannot be returned")
        method = self._method(order["user_id"], payment_method_id)
        if (
            not _is_gift_card(method)
            and payment_method_id != order["payment_history"][0]["payment_method_id"]
        ):
            raise ValueError("Payment method should be the original payment method")
        self._check_held(order, item_ids, "Some item not found")
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        order["return_payment_method_id"] = payment_method_id
        return order

    def exchange_delivered_order_items(
        self, order_id: OrderId, item_ids: Items, new_item_ids: NewItems, payment_method_id: Payment
    ) -> Record:
        """Exchange items of a delivered order for other items of the same product; returning or exchanging is
        possible only once for an order. The payment method pays or gets the difference. Explain the exchange
        and get the user's explicit yes first."""
        order = self._order(order_id)
        if order["status"] != "delivered":
            raise ValueError("Non-delivered order cannot be exchanged")
        self._check_held(order, item_ids, "Number of {} not found.")
        if len(item_ids) != len(new_item_ids):
            raise ValueError("The number of items to be exchanged should match.")
        pairs = [self._pair(order, old, new) for old, new in zip(item_ids, new_item_ids, strict=True)]
        difference = round(sum(variant["price"] - item["price"] for item, variant in pairs), 2)
        method = self._method(order["user_id"], payment_method_id)
        if _is_gift_card(method) and method["balance"] < difference:
            raise ValueError("Insufficient gift card balance to pay for the price difference")
        order["status"] = "exchange requested"
        order["exchange_items"] = sorted(item_ids)
        order["exchange_new_items"] = sorted(new_item_ids)
        order["exchange_payment_method_id"] = payment_method_id
        order["exchange_price_difference"] = difference
        return order

    # Users

    def modify_user_address(
        self,
        user_id: UserId,
        address1: Address1,
        address2: Address2,
        city: City,
        state: State,
        country: Country,
        zip: Zip,
    ) -> Record:
        """Change a user's default address. Explain the change and get the user's explicit yes first."""
        user = self._user(user_id)
        user["address"] = _address(address1, address2, city, state, country, zip)
        return user

    # What the tools share

    def _order(self, order_id: str) -> Record:
        return self._found("orders", order_id, "Order not found")

    def _user(self, user_id: str) -> Record:
        return self._found("users", user_id, "User not found")

    def _product(self, product_id: str) -> Record:
        return self._found("products", product_id, "Product not found")

    def _found(self, table: str, key: str, missing: str) -> Record:
        if key not in self._database[table]:
            raise ValueError(missing)
        found: Record = self._database[table][key]
        return found

    def _method(self, user_id: str, payment_method_id: str) -> Record:
        methods = self._user(user_id)["payment_methods"]
        if payment_method_id not in methods:
            raise ValueError("Payment method not found")
        found: Record = methods[payment_method_id]
        return found

    def _give_back(self, user_id: str, payment_method_id: str, amount: float) -> None:
        """Put money on a gift card, or take it; other methods are settled elsewhere."""
        method = self._method(user_id, payment_method_id)
        if _is_gift_card(method):
            method["balance"] = round(method["balance"] + amount, 2)

    def _pair(self, order: Record, old: str, new: str) -> tuple[Record, Record]:
        """An item of the order, and the variant of the same product that is to replace it."""
        item = _item(order, old)
        variants = self._product(item["product_id"])["variants"]
        if new not in variants:
            raise ValueError("Variant not found")
        if not variants[new]["available"]:
            raise ValueError(f"New item {new} not found or available")
        return item, variants[new]

    def _check_held(self, order: Record, item_ids: Sequence[str], missing: str) -> None:
        held = [item["item_id"] for item in order["items"]]
        for item_id in item_ids:
            if item_ids.count(item_id) > held.count(item_id):
                raise ValueError(missing.format(item_id))


TOOLS = tuple(name for name in vars(RetailTools) if not name.startswith("_"))


def run_tool(tools: RetailTools, name: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
    """What a call returns as text, and whether it failed; every failure is told to the caller in words."""
    try:
        if name not in TOOLS:
            raise ValueError(f"Tool '{name}' not found.")
        returned = getattr(tools, name)(**arguments)
    except Exception as error:  # noqa: BLE001 - as in the benchmark, wrong arguments of any kind are told
        return f"Error: {error}", True
    return (returned if isinstance(returned, str) else json.dumps(returned)), False


def schemas() -> list[dict[str, Any]]:
    """The tools in OpenAI's form."""
    return [_schema(name) for name in TOOLS]


def _schema(name: str) -> dict[str, Any]:
    method = getattr(RetailTools, name)
    properties: dict[str, Any] = {}
    for argument, hint in get_type_hints(method, include_extras=True).items():
        if argument != "return":
            kind = (
                {"type": "array", "items": {"type": "string"}}
                if hint.__origin__ == list[str]
                else {"type": "string"}
            )
            properties[argument] = {**kind, "description": hint.__metadata__[0]}
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": " ".join(inspect.cleandoc(method.__doc__).split()),
            "parameters": {"type": "object", "properties": properties, "required": list(properties)},
        },
    }


def _item(order: Record, item_id: str) -> Record:
    for item in order["items"]:
        if item["item_id"] == item_id:
            found: Record = item
            return found
    raise ValueError(f"Item {item_id} not found")


def _is_gift_card(method: Record) -> bool:
    return bool(method["source"] == "gift_card")


def _payment(kind: str, amount: float, payment_method_id: str) -> Record:
    return {"transaction_type": kind, "amount": float(amount), "payment_method_id": payment_method_id}


def _address(address1: str, address2: str, city: str, state: str, country: str, zip_code: str) -> Record:
    return {
        "address1": address1,
        "address2": address2,
        "city": city,
        "state": state,
        "country": country,
        "zip": zip_code,
    }


def _folded(text: str) -> str:
    """A name as names are compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(one for one in plain if not unicodedata.combining(one)).casefold()
