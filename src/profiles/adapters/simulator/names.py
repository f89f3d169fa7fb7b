# ruff: noqa: RUF001 - names are written in the script and spelling of their country
"""Common names of the 21 nationalities, in the script that the API gives them in.

Persian names are in Arabic script, Serbian ones in Latin with diacritics, Ukrainian and Indian
ones in plain ASCII.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one nationality; eight or more of each kind."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    last: tuple[str, ...]


def _names(male: str, female: str, last: str) -> Names:
    return Names(
        male=tuple(male.split("/")),
        female=tuple(female.split("/")),
        last=tuple(last.split("/")),
    )


NAMES: Final[dict[str, Names]] = {
    "AU": _names(
        "Oliver/Noah/Jack/William/Leo/Henry/Lachlan/Cooper/Angus/Bailey",
        "Charlotte/Amelia/Isla/Olivia/Mia/Matilda/Ruby/Sienna/Zara/Kylie",
        "Smith/Jones/Williams/Brown/Wilson/Taylor/Nguyen/Kelly/Ryan/O'Brien/Walker/Harris",
    ),
    "BR": _names(
        "João/Miguel/Antônio/Gustavo/Rafael/Lucas/Mateus/Caio/Otávio/Zé Carlos",
        "Maria/Ana Luíza/Letícia/Beatriz/Júlia/Fernanda/Camila/Conceição/Lívia/Tainá",
        "Silva/Santos/Oliveira/Souza/Gonçalves/da Conceição/Araújo/Ferrão/das Neves/Lima/Assunção",
    ),
    "CA": _names(
        "Liam/Benjamin/Logan/Étienne/Félix/Nathan/Jacob/Antoine/Wyatt/Émile",
        "Emma/Chloé/Léa/Sophie/Hannah/Florence/Maïka/Ava/Zoey/Madison",
        "Tremblay/Gagnon/Roy/Côté/Bouchard/MacDonald/Bélanger/Singh/Martin/Pelletier/Lévesque",
    ),
    "CH": _names(
        "Luca/Matteo/Jérôme/Reto/Urs/Beat/Loïc/Noé/Jürg/Andrin",
        "Mia/Élodie/Sandrine/Ursula/Heidi/Zoé/Noémie/Margrit/Anaïs/Seraina",
        "Müller/Meier/Schmid/Keller/Favre/Rochat/Bühler/Zürcher/Genoud/Brönnimann/Jaquet",
    ),
    "DE": _names(
        "Lukas/Jürgen/Björn/Hans Peter/Finn/Günther/Maximilian/Jörg/Ben/Karl-Heinz",
        "Hannah/Käthe/Sabine/Lena/Jördis/Monika/Ute/Emilia/Anne-Marie/Bärbel",
        "Müller/Schmidt/Schäfer/Weiß/Großmann/König/Fischer/Böhm/Krüger/Vogel/Strauß/Jäger",
    ),
    "DK": _names(
        "Søren/Jørgen/Mikkel/Rasmus/Bjørn/Emil/Oscar/Villads/Kåre/Magnus",
        "Ida/Freja/Sørine/Kirsten/Mette/Åse/Alma/Laura/Birgitte/Sofie Amalie",
        "Jensen/Nielsen/Hansen/Sørensen/Jørgensen/Møller/Kjær/Østergaard/Lund/Bæk/Nørgaard",
    ),
    "ES": _names(
        "José/Álvaro/Iñigo/Hugo/Andrés/Joaquín/Mateo/Óscar/Sergio/Iván",
        "Lucía/Sofía/María José/Begoña/Carmen/Inés/Noemí/Ángela/Paula/Nuria",
        "García/Fernández/Muñoz/Núñez/Ibáñez/Martínez/López/Peña/Gutiérrez/Ortega/Calderón",
    ),
    "FI": _names(
        "Juhani/Väinö/Eetu/Mikael/Onni/Eero/Toivo/Jyrki/Pekka/Leevi",
        "Aino/Päivi/Helmi/Venla/Eevi/Säde/Tuulikki/Minna/Lempi/Hilla",
        "Korhonen/Virtanen/Mäkinen/Nieminen/Mäkelä/Hämäläinen/Laine/Järvinen/Lehtonen/Kärkkäinen",
    ),
    "FR": _names(
        "Gaël/Léo/Jérémy/François/Théo/Hugo/Raphaël/Loïc/Benoît/Clément",
        "Chloé/Anaïs/Inès/Manon/Léonie/Françoise/Aurélie/Maëlys/Jade/Solène",
        "Lefèvre/Dubois/Moreau/Girard/Faure/Besançon/Chevalier/D'Arras/Guérin/Leclercq/Noël",
    ),
    "GB": _names(
        "George/Harry/Alfie/Callum/Rhys/Hamish/Archie/Freddie/Owen/Gareth",
        "Poppy/Isla/Eilidh/Megan/Freya/Florence/Bethan/Alice/Harriet/Imogen",
        "Smith/Davies/Evans/Hughes/Campbell/Stewart/Robertson/Wright/O'Neill/Clarke/Pugh",
    ),
    "IE": _names(
        "Conor/Seán/Oisín/Cian/Patrick/Fionn/Darragh/Liam/Tadhg/Eoin",
        "Aoife/Saoirse/Niamh/Ciara/Róisín/Caoimhe/Orla/Maeve/Sinéad/Bríd",
        "Murphy/Kelly/O'Sullivan/Walsh/O'Connor/Byrne/Ryan/Doyle/McCarthy/Gallagher/Fitzgerald",
    ),
    "IN": _names(
        "Aarav/Arjun/Vihaan/Rohan/Krishna/Rahul/Sanjay/Imran/Karthik/Harpreet",
        "Aadhya/Ananya/Diya/Priya/Kavya/Lakshmi/Meera/Sunita/Fatima/Gurleen",
        "Sharma/Patel/Singh/Kumar/Gupta/Reddy/Iyer/Khan/Das/Mehta/Chatterjee/Nair",
    ),
    "IR": _names(
        "علی/محمد/حسین/رضا/آرش/کیان/پارسا/سهراب/محمد\u200cرضا/بهرام",
        "فاطمه/زهرا/مریم/نرگس/آیدا/شیرین/لیلا/پریسا/سارا/یاسمن",
        "محمدی/حسینی/احمدی/رضایی/کریمی/موسوی/جعفری/قاسمی/صادقی/نجفی زاده/رحیمی",
    ),
    "MX": _names(
        "José Luis/Juan/Jesús/Ángel/Emiliano/Ramón/Santiago/Raúl/Héctor/Efraín",
        "Guadalupe/María Elena/Ximena/Verónica/Sofía/Araceli/Itzel/Lucía/Renata/Mónica",
        "Hernández/García/Martínez/Pérez/Ramírez/Zúñiga/Chávez/Ordóñez/Morales/Juárez/Castañeda",
    ),
    "NL": _names(
        "Daan/Sem/Thijs/Jan Willem/Pieter/Koen/Ruben/Joris/Floris/René",
        "Sanne/Lotte/Fleur/Anouk/Maartje/Femke/Noor/Daniëlle/Roos/Zoë",
        "de Jong/Jansen/van den Berg/Bakker/Van der Meer/Visser/Smit/Mulder/in 't Veld/Bos/Coenen",
    ),
    "NO": _names(
        "Jakob/Håkon/Bjørn/Magnus/Øyvind/Sander/Tor Erik/Pål/Eirik/Aksel",
        "Nora/Ingrid/Sølvi/Åshild/Maja/Kjersti/Gro/Solveig/Bodil/Live",
        "Hansen/Johansen/Ødegård/Bakke/Lunde/Sæther/Strøm/Hagen/Aasen/Bråthen/Myhre",
    ),
    "NZ": _names(
        "Jack/Oliver/Hunter/Wiremu/Nikau/Mason/Tane/George/Blake/Ethan",
        "Charlotte/Aroha/Anahera/Isla/Ella/Maia/Sophie/Hana/Georgia/Mere",
        "Smith/Wilson/Ngata/Parata/Chen/Thompson/Walker/King/Tamihana/Anderson/Clarke",
    ),
    "RS": _names(
        "Đorđe/Miloš/Nikola/Živko/Stefan/Uroš/Željko/Aleksandar/Časlav/Nemanja",
        "Jelena/Anđela/Milica/Snežana/Ljiljana/Dušica/Ružica/Tijana/Sanja/Živka",
        "Jovanović/Petrović/Nikolić/Đukić/Šarić/Živković/Ćirić/Marković/Pavlović/Čolić/Savić",
    ),
    "TR": _names(
        "Mehmet/Mustafa/Çağlar/Ömer/İbrahim/Yiğit/Uğur/Barış/Şükrü/Emre",
        "Ayşe/Zeynep/Gülşah/Elif/Ebru/Çiğdem/Işıl/Özge/Merve/Tuğba",
        "Yılmaz/Kaya/Demir/Şahin/Çelik/Yıldız/Öztürk/Aydın/Doğan/Kılıç/Güneş/Koç",
    ),
    "UA": _names(
        "Oleksandr/Andriy/Dem'yan/Bogdan/Taras/Vasil/Luk'yan/Mikola/Yaroslav/Ostap",
        "Oksana/Olena/Nataliya/Solomiya/Darina/Yuliya/Lyubov/Mar'yana/Zoryana/Halina",
        "Shevchenko/Melnik/Kovalenko/Bondarenko/Tkachuk/Kravchuk/Lisenko/Savchuk/Rudenko/Grinko",
    ),
    "US": _names(
        "James/Robert/Michael/David/Anthony/Jose/Tyler/Marcus/Dwight/Elijah",
        "Mary/Jennifer/Linda/Ashley/Brenda/Tiffany/Rosa/Abigail/Latoya/Savannah",
        "Johnson/Williams/Miller/Davis/Rodriguez/Thompson/White/Lee/O'Connell/Parker/Ramirez",
    ),
}
