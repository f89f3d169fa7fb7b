"""A person in exactly the shape of the Random User Generator API, version 1.4."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from profiles.adapters.simulator.births import Births, iso
from profiles.adapters.simulator.draws import WORDS, Words
from profiles.adapters.simulator.formats import FORMATS, government_id
from profiles.adapters.simulator.names import NAMES
from profiles.adapters.simulator.places import PLACES
from profiles.adapters.simulator.transliteration import local_part

JsonObject = dict[str, Any]

NATIONALITIES: Final = tuple(NAMES)

# What each of a record's random numbers decides. `_WHO` to `_ID` are a person's.
(KIND, TARGET, _WHO, _FIRST, _LAST, _STREET, _PLACE, _POSTCODE, _COORDINATES, _UUID, _UUID_TOO) = (
    range(11)
)
(_USERNAME, _PASSWORD, _SALT, BORN, _REGISTERED, _PHONE, _CELL, _ID, _DOMAIN) = range(11, 20)
_CHANGE: Final = WORDS - 1

_TITLES: Final = {"male": ("Mr",), "female": ("Miss", "Mrs", "Ms")}
_SWISS_TITLES: Final = {"male": ("Monsieur",), "female": ("Madame", "Mademoiselle")}
_PORTRAITS: Final = {"male": ("men", 100), "female": ("women", 97)}
_PORTRAITS_AT: Final = "https://randomuser.me/api/portraits"
_TIME_ZONES: Final = (
    *(("-11:00", "Pago Pago"), ("-10:00", "Honolulu"), ("-8:00", "Los Angeles, Tijuana")),
    *(("-7:00", "Denver"), ("-6:00", "Chicago, Mexico City"), ("-5:00", "New York, Lima")),
    *(("-3:30", "St. John's"), ("-3:00", "Buenos Aires"), ("-1:00", "Azores")),
    *(("0:00", "London, Lisbon"), ("+1:00", "Paris, Madrid"), ("+2:00", "Cairo, Helsinki")),
    *(("+3:30", "Tehran"), ("+4:30", "Kabul"), ("+5:30", "Mumbai, Colombo")),
    *(("+5:45", "Kathmandu"), ("+8:00", "Singapore, Perth"), ("+9:00", "Tokyo, Seoul")),
    *(("+9:30", "Adelaide"), ("+10:00", "Sydney"), ("+11:00", "Noumea"), ("+12:00", "Auckland")),
)
_QUALITIES: Final = tuple(
    "amber brave calm clever crazy gentle golden green grumpy happy heavy lazy little lucky orange"
    " purple quick quiet red silver sleepy small white yellow".split()
)
_ANIMALS: Final = tuple(
    "badger bear bird cat crab deer dog dolphin eagle fox frog goose hare horse koala lion mole"
    " mouse otter owl panda seal snake swan tiger wolf zebra".split()
)
_PASSWORDS: Final = tuple(
    "abc123 apple baseball blink butter cheese chocolate cookie dragon flower football freedom"
    " guitar hello hunter iceman jordan letmein london master monkey pepper qwerty rainbow secret"
    " shadow summer sunshine trustno1 welcome winter 123456 696969 112233".split()
)
_ALPHANUMERIC: Final = string.ascii_letters + string.digits
_PAIRS: Final = tuple(first + second for first in _ALPHANUMERIC for second in _ALPHANUMERIC)
_DOMAINS: Final = ("example.com", "example.org", "example.net")

_EMPTY_PASSWORDS: Final = 8_000  # one in so many is empty, in the API, too
_EMPTY_STREETS: Final = 1_600  # of Ukraine's


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What decides everything about a person; a later change replaces a part of it."""

    words: Words
    born: datetime
    mailbox: int = 0


def with_change(draft: Draft, words: Words) -> Draft:
    """Let the person move, change the e-mail address or the last name, as `words` decide."""
    mine, mailbox = list(draft.words), draft.mailbox
    change = words[_CHANGE] % 3
    if change == 0:
        for part in (_STREET, _PLACE, _POSTCODE, _COORDINATES):
            mine[part] = words[part]
    elif change == 1:
        mailbox += 1 + words[_DOMAIN] % 98
    else:
        mine[_LAST] += 1 + words[_LAST] % 7  # another name, since each list has eight or more
    return Draft(words=tuple(mine), born=draft.born, mailbox=mailbox)


def _domain(number: int) -> str:
    return _DOMAINS[number] if number < len(_DOMAINS) else f"mail{number}.example"


def _uuid(high: int, low: int) -> str:
    text = f"{high:016x}{low:016x}"
    variant = "89ab"[low >> 60 & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


_SPELLED: Final = {
    name: local_part(name)
    for names in NAMES.values()
    for name in (*names.male, *names.female, *names.last)
}


def _login(words: Words) -> JsonObject:
    number, quality = divmod(words[_USERNAME], len(_QUALITIES))
    number, animal = divmod(number, len(_ANIMALS))
    word = words[_PASSWORD]
    password = _PASSWORDS[word % len(_PASSWORDS)] if word % _EMPTY_PASSWORDS else ""
    number_of_pairs = len(_PAIRS)
    rest, first = divmod(words[_SALT], number_of_pairs)
    rest, second = divmod(rest, number_of_pairs)
    rest, third = divmod(rest, number_of_pairs)
    salt = _PAIRS[first] + _PAIRS[second] + _PAIRS[third] + _PAIRS[rest % number_of_pairs]
    salted = (password + salt).encode()
    return {
        "uuid": _uuid(words[_UUID], words[_UUID_TOO]),
        "username": f"{_QUALITIES[quality]}{_ANIMALS[animal]}{100 + number % 900}",
        "password": password,
        "salt": salt,
        "md5": hashlib.md5(salted, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(salted, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(salted).hexdigest(),
    }


def _location(nat: str, words: Words) -> JsonObject:
    places = PLACES[nat]
    word, number = divmod(words[_STREET], 9_999)
    word, street = divmod(word, len(places.streets))
    empty = nat == "UA" and word % _EMPTY_STREETS == 0
    word, city = divmod(words[_PLACE], len(places.cities))
    word, state = divmod(word, len(places.states))
    offset, description = _TIME_ZONES[word % len(_TIME_ZONES)]
    longitude, latitude = divmod(words[_COORDINATES], 1_800_001)
    return {
        "street": {"number": number + 1, "name": "" if empty else places.streets[street]},
        "city": places.cities[city],
        "state": places.states[state],
        "country": places.country,
        "postcode": FORMATS[nat].postcode(words[_POSTCODE]),
        "coordinates": {
            "latitude": f"{(latitude - 900_000) / 10_000:.4f}",
            "longitude": f"{(longitude % 3_600_001 - 1_800_000) / 10_000:.4f}",
        },
        "timezone": {"offset": offset, "description": description},
    }


def person(draft: Draft, births: Births, *, domains: int = 1) -> JsonObject:
    """Make the person of a draft, its fields in the API's order."""
    words, born = draft.words, draft.born
    word, at = divmod(words[_WHO], len(NATIONALITIES))
    nat = NATIONALITIES[at]
    gender = "female" if word & 1 else "male"
    word >>= 1
    titles = (_SWISS_TITLES if nat == "CH" else _TITLES)[gender]
    word, title = divmod(word, len(titles))
    folder, portraits = _PORTRAITS[gender]
    portrait = f"{folder}/{word % portraits}.jpg"
    names = NAMES[nat]
    firsts = names.female if gender == "female" else names.male
    first = firsts[words[_FIRST] % len(firsts)]
    last = names.last[words[_LAST] % len(names.last)]
    mailbox = f".{draft.mailbox}" if draft.mailbox else ""
    domain = _domain(words[_DOMAIN] % domains)
    formats = FORMATS[nat]
    id_name, id_value = government_id(nat, words[_ID], born=born, gender=gender, last=last)
    registered = births.registered(born, words[_REGISTERED])
    return {
        "gender": gender,
        "name": {"title": titles[title], "first": first, "last": last},
        "location": _location(nat, words),
        "email": f"{_SPELLED[first]}.{_SPELLED[last]}{mailbox}@{domain}",
        "login": _login(words),
        "dob": {"date": iso(born), "age": births.age(born)},
        "registered": {"date": iso(registered), "age": births.age(registered)},
        "phone": formats.phone(words[_PHONE]),
        "cell": formats.cell(words[_CELL]),
        "id": {"name": id_name, "value": id_value},
        "picture": {
            "large": f"{_PORTRAITS_AT}/{portrait}",
            "medium": f"{_PORTRAITS_AT}/med/{portrait}",
            "thumbnail": f"{_PORTRAITS_AT}/thumb/{portrait}",
        },
        "nat": nat,
    }
