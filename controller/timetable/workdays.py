"""Determine working days from public holidays, make-up days and the office's own days."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())

_REGIONS = """
AD: 02 03 04 05 06 07 08; AM: AG AR AV ER GR KT LO SH SU TV VD; AR: A B C D E F G H J K L M N P Q R S T U V W X
Y Z; AT: 1 2 3 4 5 6 7 8 9; AU: ACT NSW NT QLD SA TAS VIC WA NSW_Western; BA: BIH BRC SRP; BE: Flemish French
German; BO: B C H L N O P S T; BQ: BON SAB STA; BR: AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN
RO RR RS SC SE SP TO São_Paulo_Capital; BT: 11 12 13 14 15 21 22 23 24 31 32 33 34 41 42 43 44 45 GA TY; CA: AB
BC MB NB NL NS NT NU ON PE QC SK YT; CH: AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS
ZG ZH Stadt_Zurich; CL: AI AN AP AR AT BI CO LI LL LR MA ML NB RM TA VS; CV: BR BV CA CF CR MA MO PA PN PR RB RG
RS SD SF SL SM SO SS SV TA TS; DE: BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH Augsburg; ES: AN AR AS CB CE
CL CM CN CT EX GA IB MC MD ML NC PV RI VC Barcelona; FI: 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18
19; FM: KSA PNI TRK YAP; FR: 57 6AE 971 972 973 974 976 BL MF NC PF PM TF WF Zone_A Zone_B Zone_C; GB: ENG NIR
SCT WLS; GQ: AN BN BS CS DJ KN LI WN; IN: AN AP AR AS BR CG CH DH DL GA GJ HP HR JH JK KA KL LA LD MH ML MN MP
MZ NL OD PB PY RJ SK TN TR TS UK UP WB; IT: AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH
CL CN CO CR CS CT CZ EN FC FE FG FI FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU
OR PA PC PD PE PG PI PN PO PR PT PU PV PZ RA RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS
TV UD VA VB VC VE VI VR VT VV Andria Barletta Cesena Forli Pesaro Trani Urbino; MO: I M; MY: 01 02 03 04 05 06
07 08 09 10 11 12 13 14 15 16; NI: AN AS BO CA CI CO ES GR JI LE MD MN MS MT NS RI SJ; NL: Midden Noord Zuid;
NO: 03 11 15 18 21 22 31 32 33 34 39 40 42 46 50 55 56; NZ: AUK BOP CAN CIT GIS HKB MBH MWT NSN NTL OTA STL TAS
TKI WGN WKO WTC South_Canterbury; PL: 02 04 06 08 10 12 14 16 18 20 22 24 26 28 30 32; PT: 01 02 03 04 05 06 07
08 09 10 11 12 13 14 15 16 17 18 20 30; SB: CE CH CT GU IS MK ML RB TE WE; SH: AC HL TA; ST: 01 02 03 04 05 06
P; SV: AH CA CH CU LI MO PA SA SM SO SS SV UN US; TV: FUN NIT NKF NKL NMA NMG NUI VAI; US: AK AL AR AS AZ CA CO
CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE NH NJ NM NV NY OH OK OR PA PR RI
SC SD TN TX UM UT VA VI VT WA WI WV WY
"""
_KINDS = """
AD: government; AE: government optional; AM:; AR: armenian bank government hebrew islamic; AS:
unofficial; AT: bank protestant school; AU: bank half_day school; AX: unofficial; AZ:; BE: bank
school; BG: half_day school; BJ:; BR: optional; BY:; CA: government optional; CH: de_facto
half_day optional; CL: bank; CN: half_day; CR: optional; CV: optional; CW: half_day; CY: bank optional; DE:
catholic school; DK: optional; DZ: christian hebrew; EE: half_day; EG: government school; ER: government; ET:
; FI: unofficial; FJ:; FK: government; FO: half_day; FR: school; GL: optional;
GR: half_day; GU: unofficial; HK: optional; HT: optional; ID: government; IE: optional; IL: optional school; IN:
government optional optional_women; IQ: christian hebrew sabian yazidi; IS: half_day; IT: half_day; JP: bank;
KE: hindu islamic; KG:; KN: half_day; KR: bank; LA: bank school; LB: bank government;
LI: bank; LK: bank government; LU: bank; LY:; ME: catholic islamic hebrew orthodox; MK:
albanian bosnian catholic hebrew islamic orthodox roma serbian turkish vlach; MN:; MO: government
optional; MP: unofficial; NE: optional; NL: optional school; NP:; PA: bank; PH:; PL: school; PN:
government; PR: government half_day unofficial; PS: catholic orthodox; PT: optional; PW: armed_forces
half_day; PY: government; QA: bank; SE: bank de_facto optional; SH: government; SI:; SK:; SM:
bank; SS: islamic; TG:; TH: armed_forces bank government school; TL: government; TR:
half_day; TT: optional; TW: government optional school; TZ: bank; UA:; UM: unofficial; US:
government half_day unofficial; UY: bank; VI: unofficial; YE: school
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    lines = (line.partition(":") for line in text.replace("\n", " ").split(";"))
    table = {country.strip(): words.split() for country, _, words in lines}
    return {country: tuple(word.replace("_", " ") for word in words) for country, words in table.items()}


REGIONS = _table(_REGIONS)
KINDS = {
    country: tuple(kind.replace(" ", "_") for kind in kinds)
    for country, kinds in _table(_KINDS).items()
    if kinds
}
"""Kinds besides "public", written as `DE-BY+catholic`. Commemorations on which people work are left out."""
_REGIONAL = "AD AR AU BA BO BQ BR BT CA CH CL CV DE ES FI FM FR GB GQ IN IT MY NI NZ PT SB SH ST SV TV US"
REGIONAL = frozenset(_REGIONAL.split())
"""Countries whose regions have days off that are not national."""
USUAL_KINDS = {"HK": ("optional",), "MO": ("optional",)}
"""Kinds that are days off for all offices there: Good Friday is one of Hong Kong's general holidays."""
_CALLED = """
中国=CN
中国大陆=CN 大陆=CN 香港=HK 中国香港=HK 澳门=MO 中国澳门=MO 台湾=TW 中国台湾=TW 新加坡=SG 马来西亚=MY 日本=JP
韩国=KR 泰国=TH 越南=VN 印尼=ID 印度尼西亚=ID 印度=IN 菲律宾=PH 美国=US 加拿大=CA 英国=GB UK=GB 德国=DE 法国=FR
意大利=IT 西班牙=ES 荷兰=NL 瑞士=CH 澳大利亚=AU 新西兰=NZ 俄罗斯=RU
"""
CALLED = dict(pair.split("=") for pair in _CALLED.split())


def parts_of(calendar: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Split `DE-BY+catholic` into country, region or None, and the kinds of days besides the public ones."""
    place, *kinds = calendar.split("+")
    country, _, region = place.partition("-")
    return country, region or None, tuple(kinds) or USUAL_KINDS.get(country, ())


def calendar_of(written: str) -> str | None:
    """Normalise the name of a calendar: `gb-eng`, 英国, `de-by + catholic`; None when there is no such calendar."""
    place, *kinds = (part.strip() for part in written.split("+"))
    name, _, wanted = place.partition("-")
    country = CALLED.get(name.strip(), name.strip().upper())
    regions = {region.lower(): region for region in REGIONS.get(country, ())}
    region = regions.get(wanted.strip().lower())
    kinds = [kind.lower() for kind in kinds]
    if (
        country not in COUNTRIES
        or (wanted and region is None)
        or not set(kinds) <= set(KINDS.get(country, ()))
    ):
        return None
    return "+".join([f"{country}-{region}" if region else country, *kinds])


# --- Working days

WEEKDAYS = "一二三四五六日"
# These announce holidays and make-up days year by year; after the last notice the package only estimates.
ANNOUNCED_YEARLY = frozenset({"CN"})
FURTHEST = timedelta(days=60)  # limit when looking for a working day: no office closes for longer


@dataclass(frozen=True, slots=True)
class PublicDays:
    """One year of one country: names of days off, working days at weekends, and whether the year is a guess."""

    names: Mapping[date, str]
    make_up: frozenset[date]
    weekend: frozenset[int]  # date.weekday() numbers
    guess: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "names": {day.isoformat(): name for day, name in sorted(self.names.items())},
            "make_up": [day.isoformat() for day in sorted(self.make_up)],
            "weekend": sorted(self.weekend),
            "guess": self.guess,
        }


@dataclass(frozen=True, slots=True)
class Workday:
    """A date as working day or day off, the reason as a short Chinese sentence, and whether that is a guess."""

    workday: bool
    why: str
    guess: bool


def from_json(values: Mapping[str, Any]) -> PublicDays:
    """Invert `PublicDays.to_json`. Raises KeyError, TypeError or ValueError on other input."""
    return PublicDays(
        {date.fromisoformat(day): str(name) for day, name in values["names"].items()},
        frozenset(date.fromisoformat(day) for day in values["make_up"]),
        frozenset(int(day) for day in values["weekend"]),
        bool(values["guess"]),
    )


def public_days(country: str | None, year: int) -> PublicDays:
    """Return the public days of a year from `holidays`; without a country only Saturdays and Sundays are off.

    `country` is a normalised calendar name (see `calendar_of`): `CN`, `GB-ENG`, `DE-BY+catholic`.
    """
    if country is None:
        return PublicDays({}, frozenset(), frozenset({5, 6}), guess=False)
    import holidays  # 17 MB with China's lunar tables: import it only when a year is needed

    place, region, kinds = parts_of(country)
    chosen = getattr(holidays, place)
    language = "zh_CN" if "zh_CN" in chosen.supported_languages else chosen.default_language
    known = chosen(
        years=(year, year + 1), language=language, subdiv=region, categories=("public", *kinds)
    )  # a notice for January may move days of December
    return PublicDays(
        {day: name for day, name in known.items() if day.year == year},
        frozenset(day for day in known.weekend_workdays if day.year == year),
        _weekend(frozenset(known.weekend)),
        guess=place in ANNOUNCED_YEARLY and year > max(known.special_public_holidays),
    )


def _weekend(by_law: frozenset[int]) -> frozenset[int]:
    """Return an office's weekly days off. Where the law has Sundays only (Hong Kong), Saturdays are added."""
    return frozenset({5, 6}) if by_law == {6} else by_law


class Workdays:
    """The working days of one office.

    The office's `extra_workdays` override its `days_off`, and both override the public days; `changed` overrides
    all. `look` loads one year of a country (default: `public_days`, in this process); each year is loaded once.
    """

    def __init__(
        self,
        country: str | None,
        days_off: Iterable[date] = (),
        extra_workdays: Iterable[date] = (),
        look: Callable[[str | None, int], PublicDays] = public_days,
        changed: Mapping[date, Workday] = {},
    ) -> None:
        self._changed = changed
        self._country = country
        self._days_off = frozenset(days_off)
        self._extra = frozenset(extra_workdays)
        self._look = look
        self._years: dict[int, PublicDays] = {}
        self._known: dict[date, bool] = {}

    def with_changes(self, changed: Mapping[date, Workday]) -> Workdays:
        """Return the same calendar in which some dates are otherwise; the years stay loaded."""
        return Workdays(self._country, self._days_off, self._extra, self._year_of, changed)

    def _year_of(self, _: str | None, year: int) -> PublicDays:
        return self._year(year)

    def is_workday(self, day: date) -> Workday:
        if day in self._changed:
            return self._changed[day]
        if day in self._extra:
            return Workday(True, "公司安排上班", False)
        if day in self._days_off:
            return Workday(False, "公司安排放假", False)
        public = self._year(day.year)
        if day in public.make_up:
            return Workday(True, f"周{WEEKDAYS[day.weekday()]}调休上班", public.guess)
        if name := public.names.get(day):
            return Workday(False, _holiday(name), public.guess)
        if day.weekday() in public.weekend:
            return Workday(False, f"周{WEEKDAYS[day.weekday()]}休息", public.guess)
        return Workday(True, "周一至周五" if public.weekend == {5, 6} else "平日", public.guess)

    def works(self, day: date) -> bool:
        """Return whether a date is a working day, cached for frequent calls."""
        if day not in self._known:
            self._known[day] = self.is_workday(day).workday
        return self._known[day]

    def next(self, day: date) -> date | None:
        """Return the first working day after a date; None when there is none within two months."""
        return self._near(day, 1)

    def previous(self, day: date) -> date | None:
        """Return the last working day before a date; None when there is none within two months."""
        return self._near(day, -1)

    def guesses(self, year: int) -> bool:
        """Return whether a year's public days are not announced yet, or not in this version of the package."""
        return self._year(year).guess

    def _near(self, day: date, step: int) -> date | None:
        for n in range(1, FURTHEST.days + 1):
            if self.works(other := day + timedelta(days=n * step)):
                return other
        return None

    def _year(self, year: int) -> PublicDays:
        if year not in self._years:
            self._years[year] = self._look(self._country, year)
        return self._years[year]


def _holiday(name: str) -> str:
    """Rewrite `休息日（由 2026-10-10 调休）` as 假期调休，10月10日补班; return other names unchanged."""
    if name.startswith("休息日（由 ") and name.endswith(" 调休）"):
        moved = date.fromisoformat(name.removeprefix("休息日（由 ").removesuffix(" 调休）"))
        return f"假期调休，{moved.month}月{moved.day}日补班"
    return name


if __name__ == "__main__":
    country, *years = sys.argv[1:]
    json.dump(
        {year: public_days(country, int(year)).to_json() for year in years}, sys.stdout, ensure_ascii=False
    )
