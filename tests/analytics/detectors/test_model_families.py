from collections.abc import Callable

import numpy as np
import onnx
import pytest

from analytics.detectors.networks import FAMILIES, Graph, detr, nanodet, with_square, yolo, yolox
from voxel51.analytics.detectors.model_families import load_detector
from voxel51.analytics.sessions import UnusableModel

kinds = pytest.mark.parametrize(("family", "make"), FAMILIES.values(), ids=FAMILIES)


@kinds
def test_the_family_is_detected_by_the_output_shapes(family: str, make: Callable[[], bytes]) -> None:
    assert load_detector(make(), 256).family == family


@kinds
@pytest.mark.parametrize(("width", "height"), [(512, 512), (1024, 512), (300, 600)], ids=["square", "wide", "tall"])
def test_a_bright_square_is_found_at_its_position(
    family: str, make: Callable[[], bytes], width: int, height: int
) -> None:
    side = max(width, height) // 8  # a cell of the widest stride that every family has
    if family == "detr":  # which stretches
        left, top, wide, high = width // 2, height // 4, width // 8, height // 8
        image = np.zeros((height, width, 3), np.uint8)
        image[top : top + high, left : left + wide] = 255
        expected = [left, top, left + wide, top + high]
    else:
        left = top = 2 * side if width == height else 0
        image = with_square(left, top, side, width, height)
        expected = [left, top, left + side, top + side]
    detector = load_detector(make(), 256).detector

    found = detector.detect(image, 0.9)

    assert len(found)
    assert set(found.classes) == {1}
    union = [*found.boxes[:, :2].min(axis=0), *found.boxes[:, 2:].max(axis=0)]
    assert union == pytest.approx(expected, abs=side / 8)
    assert found.scores.max() > 0.95


@kinds
def test_a_blank_image_has_no_detections(family: str, make: Callable[[], bytes]) -> None:
    assert len(load_detector(make(), 256).detector.detect(np.zeros((256, 256, 3), np.uint8), 0.5)) == 0


def test_the_variant_of_a_file_without_metadata_can_be_named() -> None:
    unnamed = nanodet("picodet", classes=80)

    assert load_detector(unnamed, 256).family == "nanodet-plus"
    assert load_detector(unnamed, 256, family="picodet").family == "picodet"
    assert load_detector(nanodet(classes=80), 256, family="nanodet").family == "nanodet-plus"


def test_names_are_given_or_those_of_the_model_or_of_coco() -> None:
    assert load_detector(yolox(), 256, ["dog", "car"]).names == ["dog", "car"]
    assert load_detector(yolo("{0: 'helmet', 1: 'vest'}"), 256).names == ["helmet", "vest"]
    assert load_detector(yolox(), 256).names == ["class 0", "class 1"]
    assert load_detector(detr(classes=80), 256).names[:2] == ("person", "bicycle")
    assert load_detector(nanodet(classes=3), 256, ["a", "b", "c"], "nanodet").names == ["a", "b", "c"]


@pytest.mark.parametrize("names", ["{0: __import__('os').system('true')}", "[" * 99, "{1: 'x'}", "{0: 3, 1: 4}"])
def test_invalid_names_in_a_model_are_ignored(names: str) -> None:
    assert load_detector(yolo(names), 256).names == ["class 0", "class 1"]


def elsewhere() -> bytes:
    """A model whose weights are in another file."""
    model = onnx.load_from_string(yolox())
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    content: bytes = model.SerializeToString()
    return content


def classifier() -> bytes:
    graph = Graph()
    return graph.model([graph.add("ReduceMean", "images", axes=[2, 3], keepdims=0)], (224, 224))


@pytest.mark.parametrize(
    ("content", "names", "family", "text"),
    [
        (b"", None, None, "cannot be read as an ONNX model"),
        (b"no model at all", None, None, "cannot be read as an ONNX model"),
        (yolox()[:500], None, None, "cannot be read as an ONNX model"),
        (elsewhere(), None, None, "in other files"),
        (classifier(), None, None, "do not match a detector of the families"),
        (yolox(), ["one"], None, "1 names are given, but the model has 2 classes"),
        (yolox(), None, "detr", "not a detector of the family detr"),
        (nanodet(classes=3), None, "nanodet", "give the names of its classes"),
        (detr(), None, "nanodet-plus", "returns 64 cells for a picture of 256 by 256"),
    ],
    ids=["empty", "text", "cut", "elsewhere", "classifier", "names", "family", "unnamed", "cells"],
)
def test_an_unusable_model_is_rejected_with_a_reason(
    content: bytes, names: list[str] | None, family: str | None, text: str
) -> None:
    with pytest.raises(UnusableModel, match=text):
        load_detector(content, 256, names, family)
