"""Documents of sample analytics."""

from collections.abc import Sequence
from typing import Any

from voxel51.wire.analytics import AnalyticDocument, AnalyticInput, AnalyticOutput, AnalyticParameter


def an_input(name: str, required: bool = True) -> AnalyticInput:
    return {"name": name, "type": "types.Video", "description": f"the {name}", "required": required}


def a_parameter(name: str, required: bool = False, **default: Any) -> AnalyticParameter:
    parameter: AnalyticParameter = {
        "name": name,
        "type": "types.JSONFile" if name.endswith("file") else "types.Number",
        "description": f"the {name}",
        "placeholder": "1",
        "required": required,
    }
    if "default" in default:
        parameter["default"] = default["default"]
    return parameter


def an_output(name: str, filename: str, post_as_data: bool = False) -> AnalyticOutput:
    return {
        "name": name,
        "type": "types.JSONFile",
        "description": f"the {name}",
        "filename": filename,
        "post_as_data": post_as_data,
        "schema": None,
    }


def a_document(
    name: str,
    inputs: Sequence[AnalyticInput] = (),
    parameters: Sequence[AnalyticParameter] = (),
    outputs: Sequence[AnalyticOutput] = (),
    zip_outputs: bool = False,
) -> AnalyticDocument:
    return {
        "info": {
            "name": name,
            "version": "1.0.0",
            "description": f"sample {name}",
            "supports_cpu": True,
            "supports_gpu": False,
        },
        "inputs": list(inputs),
        "parameters": list(parameters),
        "outputs": list(outputs),
        "zip_outputs": zip_outputs,
    }
