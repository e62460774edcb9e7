"""Readable names for the demo shop's products, whose source has only till abbreviations."""

import re

# What the source's abbreviations stand for, in the words of a shelf label.
WORDS = {
    "ACC": "accessories", "ACCESS": "accessories", "ACCESSIORES": "accessories", "ACCSS": "accessories",
    "ADDITI": "additives", "APPL": "appliances", "ASCEPTIC": "aseptic", "BEERALE": "beer and ale",
    "BEERALEMALT": "beer, ale and malt", "BEV": "beverages", "BK": "bakery", "BKD": "baked",
    "BKNGWARES": "bakeware", "BNDGES": "bandages", "BRANDYH": "brandy", "BRD": "bread", "BRDS": "boards",
    "BRKFST": "breakfast", "BTL": "bottle", "BTLS": "bottles", "BTR": "batter", "CALC": "calculators",
    "CAR": "carbonated", "CARB": "carbonated", "CARPT": "carpet", "CATFD": "cat food", "CHEEZ": "cheese",
    "CHICK": "chicken", "CHIX": "chicken", "CHOC": "chocolate", "CHOCOCLATE": "chocolate",
    "CHOCOL": "chocolate", "CHOCOLA": "chocolate", "CHP": "chop", "CIG": "cigarette",
    "CILANTO": "cilantro", "CKE": "cake", "CKN": "chicken", "CKTLS": "cocktails", "CKYS": "cookies",
    "CLEANE": "cleaner", "CLEANG": "cleaning", "CLOT": "cloths", "CND": "candy", "CNDLES": "candles",
    "CNDY": "candy", "CNTRL": "control", "COFF": "coffee", "COMBIN": "combination",
    "CONC": "concentrate", "CONTAINR": "containers", "COOKNG": "cooking", "CRAN": "cranberry",
    "CRBNTD": "carbonated", "CRKR": "crackers", "CRMD": "creamed",
    "CTLRYTBLCLTHSTTHPKSST": "cutlery, tablecloths and toothpicks", "DAN": "danish",
    "DECAFFINATED": "decaffeinated", "DEOD": "deodorant", "DESE": "desserts",
    "DIPILATORIES": "depilatories", "DL": "deli", "DNRS": "dinners", "DOGFD": "dog food", "DPS": "dips",
    "DRG": "drug", "DRNK": "drinks", "DRNKING": "drinking", "DRNKNG": "drinking", "DRNKS": "drinks",
    "DRP": "drops", "EF": "extra fine", "ELSTC": "elastic", "ETC": "etc.", "EX": "except",
    "EXA": "exact weight", "EXC": "except", "EXCE": "except", "EXCH": "exchange", "EXCP": "except",
    "FAF": "", "FD": "food", "FDS": "foods", "FEM": "feminine", "FLAV": "flavored", "FLNK": "flank",
    "FLVR": "flavored", "FLVRD": "flavored", "FRD": "fried", "FRE": "fresh", "FRSH": "fresh",
    "FRZ": "frozen", "FRZN": "frozen", "FT": "foot", "GDS": "goods", "GNG": "ginger ale",
    "GNGR": "ginger", "GRND": "ground", "HD": "HD", "HOLDIAY": "holiday", "HORSER": "horseradish",
    "HYDROCORTIZONE": "hydrocortisone", "HYGN": "hygiene", "INCL": "including", "INCLUDI": "including",
    "INGRED": "ingredients", "JARSLIDSUTENSILSMIS": "jars, lids and utensils", "JCE": "juice",
    "JUC": "juice", "JUI": "juice", "JUIC": "juice", "LINAMENTS": "liniments", "LIQ": "liquid",
    "LIQS": "liqueurs", "LOAVE": "loaves", "LOZNG": "lozenges", "LRG": "large", "LSS": "less",
    "LT": "light", "LTR": "lighter", "MACH": "machine", "MARIN": "marinades", "MARINAD": "marinade",
    "MASSGRS": "massagers", "MEMORABLILIA": "memorabilia", "MERCH": "merchandise",
    "MICROWAVABLE": "microwavable", "MISC": "miscellaneous", "MLK": "milk", "MLT": "multi",
    "MNERAL": "mineral", "MNRL": "mineral", "MTL": "metal", "MUSTAR": "mustard", "MXS": "mixes",
    "NOVELT": "novelty", "NOVELTIES": "novelties", "NTRTNL": "nutritional", "OCCAS": "occasion",
    "OTH": "other", "OTHE": "other", "OTYHER": "other", "OVE": "over", "PC": "piece",
    "PERRENIALS": "perennials", "PERSNL": "personal", "PICAN": "picante", "PICKLD": "pickled",
    "PICKLS": "pickles", "PK": "pack", "PKG": "package", "PKGD": "packaged", "PKLD": "pickled",
    "PKT": "packet", "PLSTC": "plastic", "PLT": "plate", "PNCH": "punch", "PNT": "peanut",
    "POINSETTA": "poinsettia", "PORTON": "portion", "PPK": "prepacked", "PREM": "premium",
    "PREP": "prepared", "PREPACK": "prepacked", "PREPORTND": "pre-portioned", "PRESC": "prescription",
    "PRESLC": "presliced", "PRESLCD": "presliced", "PRO": "proof", "PROD": "products",
    "PRODUC": "products", "PROO": "proof", "PROTIEN": "protein", "PRPCK": "prepacked",
    "PRSLC": "presliced", "PWDRS": "powders", "QSR": "quick service", "RBR": "rubber",
    "REFIGERATED": "refrigerated", "REFRGRATD": "refrigerated", "REFRIG": "refrigerated",
    "REG": "regular", "REPELLANTS": "repellents", "RETL": "retail", "RTD": "ready-to-drink",
    "RTS": "ready-to-serve", "RTW": "ready-to-wear", "RW": "", "SAL": "salad bar",
    "SAUCESSALSAPICANTEE": "sauces, salsa and picante", "SAUS": "sausage", "SEAFD": "seafood",
    "SEASO": "seasoning", "SECT": "sections", "SFT": "soft", "SGL": "single", "SHERBTS": "sherbets",
    "SHLDR": "shoulder", "SHLFSH": "shellfish", "SHNK": "shank", "SLC": "sliced", "SLD": "salad",
    "SNGL": "single", "SNKS": "snacks", "SNSL": "seasonal", "SPEC": "specialty",
    "SPECILATY": "specialty", "SPECLTY": "specialty", "SPHE": "",
    "SPICESSALSAPICKLING": "spices, salsa and pickling", "SPLY": "supplies", "SRV": "serve",
    "SS": "single serve", "STAMPABL": "stampable", "STK": "steak", "SUP": "super", "SUPP": "supplements",
    "SUPPLEMEN": "supplements", "SUPPPLIES": "supplies", "SUPRT": "support", "SV": "serving",
    "SW": "sweet", "SWE": "sweetened", "SWEETNERS": "sweeteners", "SWIN": "swim", "SWT": "sweet",
    "SYRNGS": "syringes", "SYRP": "syrup", "THN": "than", "TODD": "toddler", "TOM": "tomato",
    "TORT": "tortilla", "TRAI": "trail mix", "UNSWE": "unsweetened", "VAC": "vacuum", "VEG": "vegetable",
    "WAT": "water", "WATE": "water", "WH": "whole", "WHL": "whole", "WHLSM": "wholesome",
    "WORCHESTER": "worcestershire", "WT": "weight", "WTR": "water", "XPCTRNT": "expectorant",
}  # fmt: skip
# Categories whose types are mostly bare qualities ('PREMIUM', 'BONE IN'): the thing itself goes before them.
THINGS = {
    "BACON": "Bacon", "BEEF": "Beef", "BREAKFAST SAUSAGE/SANDWICHES": "Breakfast Sausage",
    "CHEESES": "Cheese", "CHICKEN": "Chicken", "CHIPS&SNACKS": "Snacks", "CHRISTMAS  SEASONAL": "Christmas",
    "DINNER SAUSAGE": "Sausage", "DOMESTIC GOODS": "Home Textiles", "EASTER": "Easter",
    "GARDEN CENTER": "Garden", "HALLOWEEN": "Halloween", "HAM": "Ham", "HOT DOGS": "Hot Dogs",
    "ICE CREAM/MILK/SHERBTS": "Ice Cream", "LAMB": "Lamb", "LUNCHMEAT": "Lunch Meat",
    "MAGAZINE": "Magazine", "NON-DAIRY BEVERAGES": "Non-Dairy Drink", "PASTA SAUCE": "Pasta Sauce",
    "PORK": "Pork", "SALAD MIX": "Salad Mix", "SMOKED MEATS": "Smoked Meat", "SOUP": "Soup",
    "TURKEY": "Turkey", "VALENTINE": "Valentine", "VEAL": "Veal",
}  # fmt: skip
# Types that say nothing by themselves anywhere else: the category goes before them.
VAGUE = {
    "ACTIVITY", "ALL", "APPLICATORS", "BARGAIN", "BASIC", "BLENDS", "BOXED", "CONES", "CONTINUITY",
    "COORDINATES", "CUPS", "DECOR", "DRY", "ECONOMY", "ENTREES", "FILLERS", "FLATS", "FRAMES", "FRESH",
    "FURNITURE", "INDOOR", "KIDS/FAMILY", "KITS", "LAUNDRY", "MAINSTREAM", "MICROWAVE", "MISC",
    "MISCELLANEOUS", "MIXED", "MIXES", "MODELS", "OTHER", "OUTDOOR", "OVEN", "PANTRY", "PATTIES", "PREMIUM",
    "PROMO", "PROMOTIONAL", "RED", "SBT", "SEASONAL", "SPECIALTY", "STANDARD", "TRADITIONAL", "TREATS",
    "UTILITY", "VALUE", "WHITE", "WIRE", "YELLOW",
}  # fmt: skip
UNITS = {
    "OZ": "oz", "OZS": "oz", "LB": "lb", "ML": "ml", "L": "L", "CT": "count", "PK": "pack", "QT": "qt",
    "GAL": "gal", "GA": "gal", "PT": "pt", "IN": "in", "FT": "ft", "SQ": "sq", "FL": "fl", "DZ": "dozen",
    "DOZ": "dozen", "PC": "pieces", "LD": "loads", "LDS": "loads", "CTN": "carton", "GM": "g", "G": "g",
    "BTL": "bottle", "CM": "cm", "YD": "yd", "MG": "mg", "EA": "each", "MED": "medium", "LG": "large",
    "XLG": "extra large",
}  # fmt: skip
WHOLE_UNITS = {"QT", "GAL", "GA", "PT", "DZ", "DOZ", "LB"}  # sold by one of it when no number stands before
KEEP = {
    "BBQ", "CD", "CRV", "DIY", "DVD", "DVDS", "DXM", "FM", "FTD", "HD", "IQF", "MLB", "NFL", "OJ", "OTC",
    "SPF", "TV", "VHS",
}  # fmt: skip
SMALL = {"and", "of", "for", "in", "on", "the", "to", "with", "or", "than", "over", "under", "without"}
CUT = 30  # the source cuts types at this length


def readable_type(product_type: str) -> str:
    """A product type as a person would read it: 'FRZN FRUIT W/O SUGAR' -> 'Frozen Fruit without Sugar'."""
    text = product_type.strip()
    if len(text) >= CUT - 1:
        text = re.sub(r"[ /&]+[A-Z]{1,2}$", "", re.sub(r"\([^)]*$", "", text))
    for found, written in PATTERNS:
        text = re.sub(found, written, text)
    text = re.sub(r"[A-Z][A-Z']*\.?", _word, text)
    text = re.sub(r"\s+", " ", text).strip(" -–,:/&")
    return text[:1].upper() + text[1:]


PATTERNS = (
    (r"\([^)]*$", ""),  # brackets that are never closed
    (r"\bW/O\b ?", "WITHOUT "),
    (r"\bW/", "WITH "),
    (r"\bNUT SUPP\b", "NUTRITIONAL SUPPLEMENTS"),
    (r"\b(MENS|WOMENS|CHILDRENS|WOMEN S|CHILDREN S)\b", lambda match: match[1].rstrip("S").rstrip() + "'S"),
    (r"\bDVD S\b", "DVDS"),
    (r"-? ?MAGAZINE$", " MAGAZINE"),
    (r"\b(SEAFOOD|LUNCHMEAT|FRZ|FRE|RW|IQF|MISC)-(?=[A-Z])", r"\1 "),
    (r"\(BULK ?& ?BAG\)?", "(BULK OR BAGGED)"),
    (r"(?<=[A-Z0-9%)])\s*&\s*(?=[A-Z0-9])", " AND "),
    (r"(?<=\d)(?=[A-Z])|(?<=[A-Z0-9])(?=\()", " "),
    (r"(?<=[A-Z])\.(?=[A-Z])", " "),
    (r"\s*:\s*", ": "),
    (r" - ?|(?<=[A-Z]{2})- ", " – "),
)


def _word(match: re.Match[str]) -> str:
    word = match.group().rstrip(".")
    if word in KEEP:
        return word
    plain = WORDS.get(word, word.lower())
    return " ".join(part if part in SMALL else part[:1].upper() + part[1:] for part in plain.split(" "))


def readable_size(size: str) -> str:
    """A package size in ordinary units: '1/2 GAL' -> '1/2 gal', 'QT' -> '1 qt'; '' when unknown.

    A size of a thousand and more ('522763 CTN') is an article number in the wrong column.
    """
    if re.search(r"\d{4}", size):
        return ""
    text = re.sub(r"(\d)([A-Z])", r"\1 \2", re.sub(r"\s+", " ", size.upper())).strip(" *")
    text = f"1 {text}" if text in WHOLE_UNITS else re.sub(r"(?<!\d)\.(?=\d)", "0.", text)
    return re.sub(r"[A-Z]+", lambda match: UNITS.get(match.group(), match.group().lower()), text)


def product_name(product_type: str, category: str, size: str, brand: str) -> str:
    """What a person reads for a demo product: type (or category), size, and whose brand it is."""
    what = readable_type(product_type) or readable_type(category) or "Product"
    thing = THINGS.get(category) or (readable_type(category) if product_type in VAGUE else "")
    if thing and thing.rstrip("s").lower() not in what.lower():
        what = f"{thing}: {what}"
    whose = {"Private": "store brand", "National": "national brand"}.get(brand, brand.lower())
    return ", ".join(part for part in (what, readable_size(size), whose) if part)
