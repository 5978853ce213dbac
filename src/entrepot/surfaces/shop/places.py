"""How an address is written in a country: what its parts are called, in which order, and what a postcode looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.components import Text

POSTCODE, TOWN, FLAT = _("Postcode"), _("Town"), _("Flat, floor, building")


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of an address; without a pattern any postcode will do, without regions none is asked for."""

    postcode: Text = POSTCODE
    pattern: str = ""
    example: str = ""
    city: Text = TOWN
    line2: Text = FLAT
    regions: Mapping[str, str] = field(default_factory=dict)
    postcode_last: bool = False


OTHERWISE = Shape()

#: Source: USPS Publication 28, appendix B.
US_STATES = dict(
    each.split("=")
    for each in (
        "AL=Alabama;AK=Alaska;AZ=Arizona;AR=Arkansas;CA=California;CO=Colorado;CT=Connecticut;DE=Delaware;"
        "DC=District of Columbia;FL=Florida;GA=Georgia;HI=Hawaii;ID=Idaho;IL=Illinois;IN=Indiana;IA=Iowa;KS=Kansas;"
        "KY=Kentucky;LA=Louisiana;ME=Maine;MD=Maryland;MA=Massachusetts;MI=Michigan;MN=Minnesota;MS=Mississippi;"
        "MO=Missouri;MT=Montana;NE=Nebraska;NV=Nevada;NH=New Hampshire;NJ=New Jersey;NM=New Mexico;NY=New York;"
        "NC=North Carolina;ND=North Dakota;OH=Ohio;OK=Oklahoma;OR=Oregon;PA=Pennsylvania;PR=Puerto Rico;"
        "RI=Rhode Island;SC=South Carolina;SD=South Dakota;TN=Tennessee;TX=Texas;UT=Utah;VT=Vermont;VA=Virginia;"
        "WA=Washington;WV=West Virginia;WI=Wisconsin;WY=Wyoming"
    ).split(";")
)

#: Source: IBGE, unidades da federação.
BR_STATES = dict(
    each.split("=")
    for each in (
        "AC=Acre;AL=Alagoas;AP=Amapá;AM=Amazonas;BA=Bahia;CE=Ceará;DF=Distrito Federal;ES=Espírito Santo;GO=Goiás;"
        "MA=Maranhão;MT=Mato Grosso;MS=Mato Grosso do Sul;MG=Minas Gerais;PA=Pará;PB=Paraíba;PR=Paraná;"
        "PE=Pernambuco;PI=Piauí;RJ=Rio de Janeiro;RN=Rio Grande do Norte;RS=Rio Grande do Sul;RO=Rondônia;"
        "RR=Roraima;SC=Santa Catarina;SP=São Paulo;SE=Sergipe;TO=Tocantins"
    ).split(";")
)

SHAPES: Mapping[str, Shape] = {
    "US": Shape(
        postcode=_("ZIP code"), pattern=r"^\d{5}(-\d{4})?$", example="62701", city=_("City"),
        line2=_("Apartment, suite, floor"), regions=US_STATES, postcode_last=True,
    ),
    "BR": Shape(
        postcode=_("CEP"), pattern=r"^\d{5}-?\d{3}$", example="86010-000", city=_("City"),
        line2=_("Complement, neighbourhood"), regions=BR_STATES,
    ),
    "DE": Shape(pattern=r"^\d{5}$", example="10115"),
    "GB": Shape(pattern=r"^[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}$", example="SW1A 1AA", postcode_last=True),
}  # fmt: skip
