"""The part of google.generativeai.types that the guide's bridge uses, as strict about schemas as it and Gemini are."""

# What the package's Schema message has a field for; anything else is an error, as is any bound or default.
TAKEN = {"type", "description", "properties", "required", "items", "enum", "format", "nullable"}
# Gemini refuses others.
STRING_FORMATS = {"enum", "date-time"}
TYPES = {"object", "array", "string", "integer", "number", "boolean"}


class FunctionDeclaration:
    def __init__(self, *, name: str, description: str, parameters: dict):
        if not name or not description:
            raise ValueError(f"{name}: name and description are needed")
        check(parameters, name)
        if parameters["type"] != "object":
            raise ValueError(f"{name}: the parameters are no object")
        self.name = name
        self.parameters = parameters


class Tool:
    def __init__(self, *, function_declarations: list[FunctionDeclaration]):
        self.function_declarations = function_declarations


def check(schema: dict, where: str) -> None:
    unknown = set(schema) - TAKEN
    if unknown:
        raise ValueError(f"{where}: Unknown field for Schema: {sorted(unknown)}")
    if schema.get("type") not in TYPES:
        raise ValueError(f"{where}: type is {schema.get('type')!r}")
    if schema["type"] == "string" and schema.get("format", "enum") not in STRING_FORMATS:
        raise ValueError(f"{where}: format {schema['format']} of a string")
    if "enum" in schema and schema["type"] != "string":
        raise ValueError(f"{where}: enum of {schema['type']}")
    if schema["type"] == "array" and "items" not in schema:
        raise ValueError(f"{where}: array without items")
    missing = set(schema.get("required", [])) - set(schema.get("properties", {}))
    if missing:
        raise ValueError(f"{where}: required but not described: {sorted(missing)}")
    if "items" in schema:
        check(schema["items"], f"{where}[]")
    for name, member in schema.get("properties", {}).items():
        check(member, f"{where}.{name}")
