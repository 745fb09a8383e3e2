"""
Stands in for google.generativeai: no model, but the calls of one. It asks for the function calls of the environment
variable FUNCTION_CALLS, one after the other, with every number as a float, and at last says what it was answered.
"""

import json
import os
from types import SimpleNamespace

from . import types

protos = SimpleNamespace(Part=SimpleNamespace, FunctionResponse=SimpleNamespace)


def configure(*, api_key: str) -> None:
    pass


class GenerativeModel:
    def __init__(self, name: str, *, tools: list[types.Tool]):
        self.declared = {
            declaration.name: declaration for tool in tools for declaration in tool.function_declarations
        }

    def start_chat(self) -> "Chat":
        return Chat(self.declared)


class Chat:
    def __init__(self, declared: dict):
        self.declared = declared
        self.calls = json.loads(os.environ["FUNCTION_CALLS"], parse_int=float)
        self.answers = []

    def send_message(self, message) -> SimpleNamespace:
        if not isinstance(message, str):
            answer = message.function_response
            self.answers.append({"name": answer.name, "result": answer.response["result"]})
        name, args = self.calls.pop(0) if self.calls else ("", {})
        if name and set(args) - set(self.declared[name].parameters["properties"]):
            raise ValueError(f"{name} does not declare all of {sorted(args)}")
        part = SimpleNamespace(function_call=SimpleNamespace(name=name, args=args))
        return SimpleNamespace(
            candidates=[SimpleNamespace(content=SimpleNamespace(parts=[part]))],
            text=json.dumps({"declared": sorted(self.declared), "answers": self.answers}),
        )
