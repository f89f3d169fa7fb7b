# ruff: noqa: RUF001 - places are written in the script and spelling of their country
"""Streets, cities and states of the 21 nationalities, in the script that the API gives them in.

Some names keep what the API's own lists have wrong, since a reader meets it there: a trailing
blank in most Brazilian and some Serbian streets, one Cyrillic letter in a Latin name, the
zero-width non-joiner U+200C in Persian places (which is right there, yet easily lost).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where people of one nationality live; eight or more of each kind but few states."""

    country: str
    streets: tuple[str, ...]
    cities: tuple[str, ...]
    states: tuple[str, ...]


def _places(country: str, streets: str, cities: str, states: str) -> Places:
    return Places(
        country=country,
        streets=tuple(streets.split("/")),
        cities=tuple(cities.split("/")),
        states=tuple(states.split("/")),
    )


PLACES: Final[dict[str, Places]] = {
    "AU": _places(
        "Australia",
        "George St/Queen St/Victoria Ave/Wattle Rd/Banksia Dr/Station St/Ocean Pde/Mill Rd",
        "Sydney/Melbourne/Brisbane/Perth/Hobart/Darwin/Geelong/Cairns/Ballarat",
        "New South Wales/Victoria/Queensland/Western Australia/South Australia/Tasmania",
    ),
    "BR": _places(
        "Brazil",
        "Rua das Acácias /Rua Bahia /Avenida Brasil/Rua São João /Rua Sete de Setembro /"
        "Travessa da Paz/Rua Amazonas /Rua Marechal Deodoro /Avenida Getúlio Vargas/Rua Ceará ",
        "São Paulo/Brasília/Maceió/Belém/Goiânia/Niterói/Florianópolis/Recife/Uberlândia",
        "São Paulo/Minas Gerais/Pará/Ceará/Goiás/Paraná/Bahia/Maranhão/Rio de Janeiro",
    ),
    "CA": _places(
        "Canada",
        "Main St/King St/Maple Ave/Rue Principale/Elm St/Lake Rd/Pine Rd/Boulevard Saint-Laurent",
        "Toronto/Montréal/Québec/Vancouver/Halifax/Trois-Rivières/Winnipeg/Regina/Moncton",
        "Ontario/Québec/British Columbia/Alberta/Manitoba/Nova Scotia/Yukon/Nunavut",
    ),
    "CH": _places(
        "Switzerland",
        "Bahnhofstrasse/Dorfstrasse/Rue du Rhône/Chemin des Vignes/Via Nassa/Seestrasse/"
        "Rue de l'Église/Oberdorfgässli",
        "Zürich/Genève/Neuchâtel/Bern/Delémont/Lugano/Köniz/Wädenswil/St. Gallen",
        "Zürich/Genève/Graubünden/Vaud/Ticino/Bern/Valais/Luzern/Appenzell Innerrhoden",
    ),
    "DE": _places(
        "Germany",
        "Hauptstraße/Bahnhofstraße/Gartenstraße/Am Mühlbach/Königsallee/Lindenweg/Kirchgasse/"
        "Goethestraße",
        "München/Köln/Düsseldorf/Berlin/Lübeck/Görlitz/Rothenburg ob der Tauber/Jena/Füssen",
        "Bayern/Baden-Württemberg/Thüringen/Sachsen/Hessen/Berlin/Hamburg/Saarland",
    ),
    "DK": _places(
        "Denmark",
        "Nørregade/Strandvejen/Østergade/Skolevej/Ågade/Bøgevej/Møllevangen/Kirkevej",
        "København K/Århus C/Ålborg/Odense/Helsingør/Rønne/Tønder/Esbjerg V",
        "Hovedstaden/Midtjylland/Nordjylland/Sjælland/Syddanmark",
    ),
    "ES": _places(
        "Spain",
        "Calle Mayor/Calle de Alcalá/Avenida de la Constitución/Paseo de Gracia/Calle del Sol/"
        "Ronda de Segovia/Plaza de España/Camino de los Álamos",
        "Madrid/Málaga/Cádiz/Córdoba/León/A Coruña/Logroño/Valencia/Gijón",
        "Andalucía/Cataluña/Galicia/Castilla y León/Aragón/País Vasco/La Rioja/Canarias",
    ),
    "FI": _places(
        "Finland",
        "Mannerheimintie/Hämeenkatu/Aleksanterinkatu/Itäinen Pitkäkatu/Kauppakatu/Puistotie/"
        "Rantaväylä/Myllytie",
        "Helsinki/Jyväskylä/Hämeenlinna/Turku/Mäntyharju/Oulu/Seinäjoki/Äänekoski",
        "Uusimaa/Pirkanmaa/Lappi/Etelä-Karjala/Pohjois-Savo/Keski-Suomi/Satakunta/Kymenlaakso",
    ),
    "FR": _places(
        "France",
        "Rue de la Paix/Rue de l'Abbaye/Avenue de la République/Place de l'Église/Rue Molière/"
        "Quai des Célestins/Allée des Tilleuls/Rue Victor-Hugo",
        "Paris/Saint-Étienne/Orléans/Nîmes/Besançon/Lyon/Toulouse/Angoulême/Rennes",
        "Finistère/Gironde/Isère/Rhône/Hérault/Corrèze/Côte-d'Or/Val-d'Oise/Somme",
    ),
    "GB": _places(
        "United Kingdom",
        "High Street/Church Lane/Station Road/Victoria Road/The Green/Mill Hill/King's Walk/"
        "Park Avenue",
        "London/Leeds/Glasgow/Cardiff/Belfast/York/Newcastle upon Tyne/Bath/Stoke-on-Trent",
        "Kent/Devon/Fife/Gwynedd County/County Antrim/Norfolk/Cumbria/Tyne and Wear/Rutland",
    ),
    "IE": _places(
        "Ireland",
        "Main Street/O'Connell Street/Patrick Street/Church Road/Grafton Street/Mill Lane/"
        "Pearse Street/The Crescent",
        "Dublin/Cork/Galway/Limerick/Sligo/Dún Laoghaire/Athlone/Tralee",
        "Dublin City/Kerry/Donegal/Mayo/Wicklow/Dún Laoghaire–Rathdown/Clare/Offaly",
    ),
    "IN": _places(
        "India",
        "Mahatma Gandhi Rd/Station Rd/Nehru Marg/Church St/Chandni Chowk/Linking Rd/Anna Salai/"
        "Park St",
        "Mumbai/Delhi/Chennai/Kolkata/Pune/Jaipur/Lucknow/Kochi/Bhopal",
        "Maharashtra/Tamil Nadu/West Bengal/Kerala/Punjab/Uttar Pradesh/Gujarat/Assam",
    ),
    "IR": _places(
        "Iran",
        "خیابان آزادی/ولیعصر/میدان انقلاب/شریعتی/بلوار کشاورز/نیایش/ده\u200cونک/دکتر فاطمی",
        "تهران/مشهد/اصفهان/شیراز/تبریز/خرم\u200cآباد/نجف\u200cآباد/قم/اهواز/شاهین\u200cشهر",
        "تهران/فارس/گیلان/خراسان رضوی/آذربایجان غربی/یزد/کرمان/چهارمحال و بختیاری",
    ),
    "MX": _places(
        "Mexico",
        "Calle Hidalgo/Avenida Juárez/Calzada Zaragoza/Privada Los Álamos/Calle Benito Juárez/"
        "Boulevard Morelos/Andador Niños Héroes/Circuito Colón",
        "Ciudad de México/Mérida/León/Querétaro/Tijuana/Oaxaca/Cancún/Culiacán",
        "Jalisco/Nuevo León/Michoacán/Yucatán/Puebla/San Luis Potosí/Sonora/Veracruz",
    ),
    "NL": _places(
        "Netherlands",
        "Dorpsstraat/Kerkweg/Julianalaan/Van Goghstraat/'t Zand/Molendijk/Prinsengracht/"
        "Burgemeester de Vriesweg",
        "Amsterdam/Utrecht/Den Haag/'s-Hertogenbosch/Groningen/Sint Annaparochie/Leiden/Ede",
        "Noord-Holland/Zuid-Holland/Friesland/Gelderland/Limburg/Zeeland/Drenthe/Utrecht",
    ),
    "NO": _places(
        "Norway",
        "Storgata/Kirkeveien/Bjørnsons vei/Skogveien/Åsveien/Sjøgata/Trondheimsveien/Nygårdsgata",
        "Oslo/Bergen/Tromsø/Bodø/Ålesund/Hønefoss/Trondheim/Sandefjord/Førde",
        "Oslo/Rogaland/Møre og Romsdal/Sogn og Fjordane/Trøndelag/Østfold/Nordland/Troms",
    ),
    "NZ": _places(
        "New Zealand",
        "Queen Street/Lambton Quay/Great North Road/Colombo Street/Victoria Street/Tui Road/"
        "Kauri Lane/Moorhouse Avenue",
        "Auckland/Wellington/Christchurch/Dunedin/Whangarei/Napier/Nelson/Taupo",
        "Otago/Canterbury/Waikato/Northland/Southland/Taranaki/Bay of Plenty/Hawke's Bay",
    ),
    "RS": _places(
        "Serbia",
        "Bulevar oslobođenja/Kneza Miloša/Njegoševa/Svetog Save /Vojvode Mišića/Živka Davidovića/"
        "Karađorđeva/Cara Lazar\u0430/Đure Jakšića/Užička ",
        "Beograd/Niš/Čačak/Užice/Šabac/Požarevac/Novi Sad/Vršac/Kruševac",
        "Šumadija/Mačva/Srem/Zlatibor/North Banat/Toplica/Niš/Zaječar/Jablanica",
    ),
    "TR": _places(
        "Turkey",
        "Atatürk Cd/İstiklal Cd/Bağdat Cd/Gazi Bulvarı/Kıbrıs Şehitleri Cd/Çamlık Sk/Fatih Cd/"
        "Tunalı Hilmi Cd",
        "Ankara/İstanbul/İzmir/Eskişehir/Muğla/Çanakkale/Diyarbakır/Şanlıurfa/Bursa",
        "Ankara/Kütahya/Nevşehir/Ağrı/Tekirdağ/Gümüşhane/Hatay/Iğdır/Elazığ",
    ),
    "UA": _places(
        "Ukraine",
        "Prospekt Peremogi/Vulitsya Franka/Soborna/Naberezhna/Provulok Shkilniy/Kozatska/"
        "Ploshcha Rinok/Lesi Ukrayinki",
        "Kiyiv/Lviv/Odesa/Harkiv/Poltava/Cherkasi/Uzhgorod/Ternopil/Chernigiv",
        "Lvivska/Odeska/Poltavska/Volinska/Sumska/Zakarpatska/Harkivska/Kiyivska",
    ),
    "US": _places(
        "United States",
        "Main St/Oak St/Washington Ave/Maple Dr/W 5th St/Martin Luther King Blvd/Sunset Rd/"
        "Elm Ct/N Lincoln Ave",
        "Springfield/Portland/Austin/Denver/San Jose/Winston–Salem/Boise/Tulsa/Madison",
        "California/Texas/Ohio/Oregon/New York/Idaho/Wisconsin/Georgia/Hawaii",
    ),
}
