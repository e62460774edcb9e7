"""Readable names for the demo shop's products, whose source has only till abbreviations."""

import re

# What the source's abbreviations stand for, in the words of a shelf label.
WORDS = {
    "ACC": "accessories", "ACCESS": "accessories", "ACCSS": "accessories", "APPL": "appliances",
    "ASCEPTIC": "aseptic", "BA": "bag", "BEERALEMALT": "beer, ale and malt", "BEERALE": "beer and ale",
    "BEV": "beverages", "BK": "bakery", "BKD": "baked", "BKNGWARES": "bakeware", "BNDGES": "bandages",
    "BR": "bread", "BRD": "bread", "BRDS": "boards", "BTL": "bottle", "BTLS": "bottles", "BTR": "batter",
    "CALC": "calculators", "CARB": "carbonated", "CARPT": "carpet", "CATFD": "cat food", "CHEEZ": "cheese",
    "CHIX": "chicken", "CHOC": "chocolate", "CHOCOCLATE": "chocolate", "CHOCOL": "chocolate",
    "CHOCOLA": "chocolate", "CHP": "chop", "CIG": "cigarette", "CKE": "cake", "CKN": "chicken",
    "CKTLS": "cocktails", "CLEANE": "cleaner", "CLOT": "cloths", "CND": "candy", "CNDLES": "candles",
    "CNTRL": "control", "COFF": "coffee", "COMBIN": "combination", "CONC": "concentrate",
    "CONTAINR": "containers", "COOKNG": "cooking", "CRAN": "cranberry", "CRBNTD": "carbonated",
    "CRMD": "creamed", "DAN": "danish", "DECAFFINATED": "decaffeinated", "DEOD": "deodorant",
    "DESE": "desserts", "DL": "deli", "DNRS": "dinners", "DOGFD": "dog food", "DPS": "dips", "DRG": "drug",
    "DRNK": "drinks", "DRNKING": "drinking", "DRNKNG": "drinking", "DRNKS": "drinks", "DRP": "drops",
    "EF": "extra fine", "ELSTC": "elastic", "ETC": "etc.", "EX": "except", "EXC": "except",
    "EXCE": "except", "EXCH": "exchange", "EXCP": "except", "FD": "food", "FDS": "foods", "FEM": "feminine",
    "FLAV": "flavored", "FLNK": "flank", "FLVR": "flavored", "FLVRD": "flavored", "FRD": "fried",
    "FRE": "fresh", "FRSH": "fresh", "FRZ": "frozen", "FRZN": "frozen", "FT": "foot", "GDS": "goods",
    "GNG": "ginger ale", "GNGR": "ginger", "GRND": "ground", "HOLDIAY": "holiday", "HORSER": "horseradish",
    "HYDROCORTIZONE": "hydrocortisone", "HYGN": "hygiene", "INCL": "including", "INCLUDI": "including",
    "INGRED": "ingredients", "JCE": "juice", "JU": "juice", "JUI": "juice", "JUIC": "juice",
    "LINAMENTS": "liniments", "LIQ": "liquid", "LIQS": "liqueurs", "LOZNG": "lozenges", "LRG": "large",
    "LSS": "less", "LT": "light", "LTR": "lighter", "MACH": "machine", "MARIN": "marinades",
    "MARINAD": "marinade", "MASSGRS": "massagers", "MENS": "men's", "MERCH": "merchandise",
    "MICROWAVABLE": "microwavable", "MISC": "miscellaneous", "MLK": "milk", "MLT": "multi",
    "MNERAL": "mineral", "MNRL": "mineral", "MTL": "metal", "MUSTAR": "mustard", "NOVELTIES": "novelties",
    "NTRTNL": "nutritional", "NUT SUPP": "nutritional supplements", "OCCAS": "occasion", "OTH": "other",
    "OTHE": "other", "OTYHER": "other", "OVE": "over", "PC": "piece", "PERRENIALS": "perennials",
    "PERSNL": "personal", "PICAN": "picante", "PICKLD": "pickled", "PICKLS": "pickles", "PK": "pack",
    "PKG": "package", "PKT": "packet", "PLSTC": "plastic", "PLT": "plate", "PNCH": "punch",
    "POINSETTA": "poinsettia", "PORTON": "portion", "PPK": "prepacked", "PREM": "premium", "PREP": "prepared",
    "PREPACK": "prepacked", "PREPORTND": "pre-portioned", "PRESLC": "presliced", "PRESLCD": "presliced",
    "PROD": "products", "PROTIEN": "protein", "PRPCK": "prepacked", "PRSLC": "presliced", "PWDRS": "powders",
    "QSR": "quick service", "RBR": "rubber", "REFIGERATED": "refrigerated", "REFRGRATD": "refrigerated",
    "REFRIG": "refrigerated", "REG": "regular", "REPELLANTS": "repellents", "RETL": "retail",
    "RTD": "ready-to-drink", "RTS": "ready-to-serve", "RTW": "ready-to-wear", "RW": "",
    "SA": "sauce", "SAL": "salad bar", "SAUS": "sausage", "SEAFD": "seafood", "SEASO": "seasoning",
    "SECT": "sections", "SFT": "soft", "SGL": "single", "SHLDR": "shoulder", "SHLFSH": "shellfish",
    "SHNK": "shank", "SLC": "sliced", "SLD": "salad", "SNGL": "single", "SPEC": "specialty",
    "SPECILATY": "specialty", "SPECLTY": "specialty", "SRV": "serve", "SS": "single serve", "STK": "steak",
    "SUPP": "supplements", "SUPPLEMEN": "supplements", "SV": "serving", "SW": "sweet", "SWE": "sweetened",
    "SWT": "sweet", "SYRNGS": "syringes", "SYRP": "syrup", "THN": "than", "TODD": "toddler",
    "TOM": "tomato", "TORT": "tortilla", "TRAI": "trail mix", "UNSWE": "unsweetened", "VAC": "vacuum",
    "VEG": "vegetable", "W": "with", "WAT": "water", "WATE": "water", "WH": "whole", "WHL": "whole",
    "WOMENS": "women's", "WORCHESTER": "worcestershire", "WT": "weight", "WTR": "water",
    "XPCTRNT": "expectorant",
}  # fmt: skip
UNITS = {
    "OZ": "oz", "LB": "lb", "ML": "ml", "L": "l", "CT": "count", "PK": "pack", "QT": "qt", "GAL": "gal",
    "GA": "gal", "PT": "pt", "IN": "in", "FT": "ft", "SQ": "sq", "FL": "fl", "DZ": "dozen", "DOZ": "dozen",
    "PC": "pieces", "LD": "loads", "LDS": "loads", "CTN": "carton", "GM": "g", "BTL": "bottle", "CM": "cm",
    "YD": "yd", "MG": "mg", "EA": "each", "MED": "medium", "LG": "large", "XLG": "extra large",
}  # fmt: skip
KEEP = {
    "BBQ",
    "DVD",
    "DVDS",
    "VHS",
    "CD",
    "CD-R",
    "NFL",
    "TV",
    "UHT",
    "OTC",
    "SPF",
    "DIY",
    "IQF",
    "DXM",
    "FTD",
}
SMALL = {"and", "of", "for", "in", "on", "the", "to", "with", "or", "than", "n", "over", "under", "without"}


def readable_type(product_type: str) -> str:
    """A product type as a person would read it: 'FRZN FRUIT W/O SUGAR' -> 'Frozen Fruit without Sugar'."""
    text = product_type.replace("W/O ", "WITHOUT ").replace("W/", "WITH ").replace("&", " AND ")
    text = re.sub(r"\([^)]*$", "", text)  # the source cuts at 30 characters, often inside brackets
    text = re.sub(r"\bBULK AND BAG?\b", "BULK OR BAGGED", re.sub(r"\s+", " ", text))
    text = re.sub(r"\s*:\s*", ": ", text).strip(" -,/")
    words = re.sub(r"[A-Z][A-Z'-]*\.?", _word, re.sub(r"(?<=[A-Z])-(?=[A-Z])", " - ", text))
    words = re.sub(r"\s+", " ", words.replace(" - ", " – ")).strip()
    return words[:1].upper() + words[1:]


def _word(match: re.Match[str]) -> str:
    word = match.group().rstrip(".")
    if word in KEEP:
        return word
    plain = WORDS.get(word, word.lower())
    return plain if plain in SMALL else " ".join(part[:1].upper() + part[1:] for part in plain.split(" "))


def readable_size(size: str) -> str:
    """A package size in ordinary units: '1/2 GAL' -> '1/2 gal'; '' when unknown."""
    text = re.sub(r"\s+", " ", re.sub(r"(\d)([A-Z])", r"\1 \2", size.upper())).strip(" *")
    return re.sub(r"[A-Z]+", lambda match: UNITS.get(match.group(), match.group().lower()), text)


def product_name(product_type: str, category: str, size: str, brand: str) -> str:
    """What a person reads for a demo product: type (or category), size, and whose brand it is."""
    what = readable_type(product_type or category) or "Product"
    whose = {"Private": "store brand", "National": "national brand"}.get(brand, brand.lower())
    return ", ".join(part for part in (what, readable_size(size), whose) if part)
