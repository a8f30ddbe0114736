"""The organisation of a city: units, responsibilities, calendar and hours; built by name, read, written."""

from routing.organisation.city import City, Domain, Procedure, Responsibility, Unit, slugify
from routing.organisation.difference import Difference, differences
from routing.organisation.founding import OrganisationError, UnknownProvince, build_city
from routing.organisation.problem import Problem
from routing.organisation.reading import BrokenOrganisation, from_document
from routing.organisation.writing import to_document

__all__ = [
    "BrokenOrganisation",
    "City",
    "Difference",
    "Domain",
    "OrganisationError",
    "Problem",
    "Procedure",
    "Responsibility",
    "Unit",
    "UnknownProvince",
    "build_city",
    "differences",
    "from_document",
    "slugify",
    "to_document",
]
