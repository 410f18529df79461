"""The one name that chapters import from myst_nb. In the page there is no text to glue into."""


def glue(name: str, variable: object, display: bool = True) -> None:
    """Do what the book's own ``glue(..., display=False)`` shows: nothing."""
    if display:
        print(repr(variable))
