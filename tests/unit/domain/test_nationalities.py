"""One made-up person of each nationality, in a script of the country, written out by hand."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from profiles.domain.assessing import decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.statistics import NATIONALITIES

TIMES = DecisionDates(
    as_of=date(2026, 11, 23), logged_on=date(2026, 11, 23), read_on=date(2026, 11, 23)
)
ID = "5e0dba43-6c1e-4f5a-9a86-3a0c4d4f2b10"


class Case(NamedTuple):
    """A person as sent, and what a postman and a reader of the page should see.

    sent: nationality, title, first and last name.
    at: house number, street, postcode, city, state, country.
    """

    sent: tuple[str, str, str, str]
    at: tuple[int, str, int | str, str, str, str]
    email: str
    full_name: str
    full_address: str
    email_domain: str


CASES = [
    Case(
        ("AU", "Mr", "Angus", "O'Rourke"),
        (2417, "Wattle Track", 822, "Humpty Doo", "Northern Territory", "Australia"),
        "angus.o'rourke@example.com",
        "Angus O'Rourke",
        "2417 Wattle Track, 822 Humpty Doo, Northern Territory, Australia",
        "example.com",
    ),
    Case(
        ("BR", "Ms", "Conceição", "Magalhães"),
        (88, "Ladeira das Araucárias ", 69314, "Poço Fundo", "Maranhão", "Brazil"),
        "conceicao.magalhaes@example.com",
        "Conceição Magalhães",
        "Ladeira das Araucárias 88, 69314 Poço Fundo, Maranhão, Brazil",
        "example.com",
    ),
    Case(
        ("CA", "Mrs", "Maude", "Beauséjour"),
        (19, "Tamarack Crescent", "J9Z 0T4", "Val-d'Or", "Québec", "Canada"),
        "maude.beausejour@example.com",
        "Maude Beauséjour",
        "19 Tamarack Crescent, J9Z 0T4 Val-d'Or, Québec, Canada",
        "example.com",
    ),
    Case(
        ("CH", "Mademoiselle", "Zoé", "Züllig"),
        (5, "Chemin de l'Étang", 1045, "Ogens", "Graubünden", "Switzerland"),
        "zoe.zullig@BÜNDNER.example",
        "Zoé Züllig",
        "Chemin de l'Étang 5, 1045 Ogens, Graubünden, Switzerland",
        "bündner.example",
    ),
    Case(
        ("DE", "Mr", "Jörg", "Weißgerber"),
        (301, "Große Mühlengasse", 99310, "Plaue", "Thüringen", "Germany"),
        "jorg.weissgerber@example.com",
        "Jörg Weißgerber",
        "Große Mühlengasse 301, 99310 Plaue, Thüringen, Germany",
        "example.com",
    ),
    Case(
        ("DK", "Miss", "Søs", "Ærenlund"),
        (74, "Åløkkevænget", 54817, "Tårs", "Sjælland", "Denmark"),
        "sos.aerenlund@example.com",
        "Søs Ærenlund",
        "Åløkkevænget 74, 54817 Tårs, Sjælland, Denmark",
        "example.com",
    ),
    Case(
        ("ES", "Ms", "Begon\u0303a", "Ibáñez"),  # decomposed, as some keyboards write
        (6120, "Calle de los Ñandúes", 24891, "La Bañeza", "País Vasco", "Spain"),
        "begona@correo.españa.example",
        "Begoña Ibáñez",
        "Calle de los Ñandúes 6120, 24891 La Bañeza, País Vasco, Spain",
        "correo.españa.example",
    ),
    Case(
        ("FI", "Mr", "Väinö", "Ylä-Häkkinen"),
        (910, "Hämeenpolku", 61573, "Ähtäri", "Pohjois-Savo", "Finland"),
        "vaino.yla-hakkinen@example.com",
        "Väinö Ylä-Häkkinen",
        "Hämeenpolku 910, 61573 Ähtäri, Pohjois-Savo, Finland",
        "example.com",
    ),
    Case(
        ("FR", "Mrs", "Éloïse", "d'Aubigné"),
        (12, "Allée des Œillets", 30217, "Nîmes", "Corrèze", "France"),
        "eloise.d'aubigne@example.com",
        "Éloïse d'Aubigné",
        "12 Allée des Œillets, 30217 Nîmes, Corrèze, France",
        "example.com",
    ),
    Case(
        ("GB", "Mr", "Rhodri", "Ap-Gwilym"),
        (3, "Heol y Bont", "SY23 9ZZ", "Aberystwyth", "Dyfed", "United Kingdom"),
        "rhodri@CYMRU.example",
        "Rhodri Ap-Gwilym",
        "3 Heol y Bont, SY23 9ZZ Aberystwyth, Dyfed, United Kingdom",
        "cymru.example",
    ),
    Case(
        ("IE", "Ms", "Sadhbh", "Ní Dhuibhne"),
        (455, "Bóthar na Trá", 31662, "An Spidéal", "Galway City", "Ireland"),
        "sadhbh.nidhuibhne@example.com",
        "Sadhbh Ní Dhuibhne",
        "455 Bóthar na Trá, 31662 An Spidéal, Galway City, Ireland",
        "example.com",
    ),
    Case(
        ("IN", "Miss", "मीनाक्षी", "अय्यर"),
        (1207, "गांधी मार्ग", 41108, "पुणे", "महाराष्ट्र", "India"),
        "मीनाक्षी@डाक.भारत",
        "मीनाक्षी अय्यर",
        "1207 गांधी मार्ग, 41108 पुणे, महाराष्ट्र, India",
        "डाक.भारत",
    ),
    Case(
        ("IR", "Mr", "کیوان", "نیک\u200cپور"),  # with a zero-width non-joiner
        (7310, "کوچهٔ گل\u200cبرگ", 93584, "نیشابور", "خراسان رضوی", "Iran"),
        "کیوان@نامه\u200cها.ایران",
        "کیوان نیک\u200cپور",
        "کوچهٔ گل\u200cبرگ 7310, 93584 نیشابور, خراسان رضوی, Iran",
        "نامه\u200cها.ایران",
    ),
    Case(
        ("MX", "Mrs", "Xóchitl", "Yáñez"),
        (58, "Privada Peñón", 77240, "Tzucacab", "Yucatán", "Mexico"),
        "xochitl.yanez@example.com",
        "Xóchitl Yáñez",
        "Privada Peñón 58, 77240 Tzucacab, Yucatán, Mexico",
        "example.com",
    ),
    Case(
        ("NL", "Mr", "IJsbrand", "van 't Zelfde"),
        (2, "'s-Gravendijkseweg", "7044 TR", "IJmuiden", "Noord-Holland", "Netherlands"),
        "ijsbrand.van'tzelfde@example.com",
        "IJsbrand van 't Zelfde",
        "'s-Gravendijkseweg 2, 7044 TR IJmuiden, Noord-Holland, Netherlands",
        "example.com",
    ),
    Case(
        ("NO", "Miss", "Ragnfrid", "Bjørnøy"),
        (960, "Øvre Skogsvei", "0150", "Mosjøen", "Møre og Romsdal", "Norway"),
        "ragnfrid.bjornoy@example.com",
        "Ragnfrid Bjørnøy",
        "Øvre Skogsvei 960, 0150 Mosjøen, Møre og Romsdal, Norway",
        "example.com",
    ),
    Case(
        ("NZ", "Ms", "Mārama", "Tūhoe"),
        (41, "Pōhutukawa Rise", 83920, "Whangārei", "Taranaki", "New Zealand"),
        "marama.tuhoe@example.com",
        "Mārama Tūhoe",
        "41 Pōhutukawa Rise, 83920 Whangārei, Taranaki, New Zealand",
        "example.com",
    ),
    Case(
        ("RS", "Mrs", "Љубица", "Ђурђевић"),
        (77, "Булевар Чешаљ", 36918, "Ћуприја", "Šumadija", "Serbia"),
        "љубица@пошта.срб",
        "Љубица Ђурђевић",
        "Булевар Чешаљ 77, 36918 Ћуприја, Šumadija, Serbia",
        "пошта.срб",
    ),
    Case(
        ("TR", "Mr", "Çağrı", "Işıldak"),
        (6043, "Gül Çıkmazı", 15207, "Şereflikoçhisar", "Iğdır", "Turkey"),
        "cagri.isildak@example.com",
        "Çağrı Işıldak",
        "Gül Çıkmazı 6043, 15207 Şereflikoçhisar, Iğdır, Turkey",
        "example.com",
    ),
    Case(
        ("UA", "Miss", "Соломія", "Кир'яченко"),
        (130, "Провулок Їжаків", 88214, "Ґринява", "Івано-Франківська", "Ukraine"),
        "соломія@листи.укр",
        "Соломія Кир'яченко",
        "Провулок Їжаків 130, 88214 Ґринява, Івано-Франківська, Ukraine",
        "листи.укр",
    ),
    Case(
        ("US", "Mr", "DeShawn", "Kahananui"),
        (
            8834,
            "Cottonwood Bluff Rd",
            50301,
            "Truth or Consequences",
            "New Mexico",
            "United States",
        ),
        "deshawn.kahananui@example.com",
        "DeShawn Kahananui",
        "8834 Cottonwood Bluff Rd, 50301 Truth or Consequences, New Mexico, United States",
        "example.com",
    ),
]


def test_there_is_a_case_of_each_nationality() -> None:
    assert {case.sent[0] for case in CASES} == NATIONALITIES
    assert len(CASES) == 21


@pytest.mark.parametrize("case", CASES, ids=[case.sent[0] for case in CASES])
def test_a_person_of_each_nationality_is_shaped_as_that_person_would_write(case: Case) -> None:
    nat, title, first, last = case.sent
    number, street, postcode, city, state, country = case.at
    record = {
        "gender": "female",
        "name": {"title": title, "first": first, "last": last},
        "location": {
            "street": {"number": number, "name": street},
            "city": city,
            "state": state,
            "country": country,
            "postcode": postcode,
        },
        "email": case.email,
        "login": {"uuid": ID, "username": "silverheron204"},
        "dob": {"date": "1984-02-29T03:04:05.678Z", "age": 42},
        "registered": {"date": "2015-06-07T08:09:10.111Z", "age": 11},
        "nat": nat,
    }

    profile = decide(record, DEFAULT_POLICY, TIMES)

    assert isinstance(profile, Profile)
    assert profile._asdict() == {
        "id": ID,
        "username": "silverheron204",
        "gender": "female",
        "title": title,
        "full_name": case.full_name,
        "full_address": case.full_address,
        "city": city,
        "country": country,
        "nationality": nat,
        "email": case.email,
        "email_domain": case.email_domain,
        "age": 42,
        "birth_month": "1984-02",
        "registered_on": date(2015, 6, 7),
        "as_of": date(2026, 11, 23),
        "expires_at": date(2027, 11, 23),
    }
