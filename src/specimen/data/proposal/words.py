"""The words in the names of columns, which say what people mean by them; English and German."""

from __future__ import annotations

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


OBJECTS = _set("""
    object objekt plant pflanze subject patient specimen individual animal tier tree baum leaf blatt fruit frucht pot
    topf item person case donor participant sample probe seedling seed vine cow pig fish mouse id
""")
"""What photos are of."""
PLACES = _set("""
    experiment versuch trial study batch charge run farm farmbot site standort field feld plot parzelle block greenhouse
    gewächshaus chamber kammer bench tisch tray season saison year jahr lab hospital clinic centre center campaign
""")
"""Where or when objects are numbered: number 3 of one experiment is another plant than number 3 of the next."""
NO_OBJECTS = _set("""
    view ansicht side angle camera kamera state zustand condition treatment timestamp time zeit date datum temperature
    humidity page seite age alter days count leaves area fläche score lux light licht active height length width weight
    gewicht mass ratio comment note bemerkung
""")
"""What is said about objects."""
KNOWN_BEFORE = _set("""
    age alter day days tage week weeks date datum time zeit timestamp temperature temperatur humidity light licht lux
    treatment
""")
"""What is known without a look at the object."""
TARGETS = {
    **dict.fromkeys(("target", "ziel"), 100),
    **dict.fromkeys(("label", "class", "klasse", "y"), 90),
    **dict.fromkeys(("weight", "mass", "gewicht", "masse", "biomass", "biomasse"), 50),
    **dict.fromkeys(("yield", "ertrag", "price", "preis", "volume", "volumen"), 40),
    **dict.fromkeys(("disease", "krankheit", "diagnosis", "species", "art", "variety", "sorte", "cultivar"), 30),
    **dict.fromkeys(("length", "height", "diameter", "area", "count", "score", "sugar", "brix", "moisture", "age"), 10),
    **dict.fromkeys(("category", "type", "food", "condition", "state", "quality"), 8),
}
"""How likely a column with such a word is what is to be learnt."""
AMOUNT = 40
"""From here to `AMOUNTS_END` the target is an amount: a number that is never negative."""
AMOUNTS_END = 50
WHOLE = _set("total gesamt overall whole")
UNITS = _set("g kg mg µg t mm cm m km ml l s min h d ha lux percent %")


def words(name: str) -> list[str]:
    """Return the words of a name in small letters: `PlantNumber` and `plant_number` are the same."""
    parted = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", name)
    return re.findall(r"[^\W\d_]+", parted.lower())


def is_amount(name: str) -> bool:
    """Tell whether a name says a weight, a volume, a price: a number that is never negative."""
    return any(AMOUNT <= TARGETS.get(word, 0) <= AMOUNTS_END for word in words(name))


def unit_of(name: str) -> str:
    """Return the unit at the end of a name, as in `weight_g` and `weight (g)`; empty without one."""
    found = re.search(r"[\s_(\[]([^\W\d_]+|%)[)\]]?$", name)
    return found[1] if found and found[1] in UNITS else ""
