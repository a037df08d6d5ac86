"""Model families: detect the family of an ONNX detector by the shapes of its inputs and outputs."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from voxel51.analytics.detectors.coco import CLASS_NAMES
from voxel51.analytics.detectors.detector import Detector
from voxel51.analytics.detectors.detr import Detr, boxes_and_logits
from voxel51.analytics.detectors.nanodet import VARIANTS, NanoDet, variant_of
from voxel51.analytics.detectors.yolo import Yolo
from voxel51.analytics.detectors.yolox import YoloX
from voxel51.analytics.sessions import Network, UnusableModel

FAMILIES = (*VARIANTS, "yolox", "yolo", "detr")
_USUAL_BINS = (11, 8)  # NanoDet-g, the others


@dataclass(frozen=True, slots=True)
class LoadedDetector:
    """Detector with its family and class names."""

    detector: Detector
    family: str
    names: Sequence[str]


def load_detector(
    model: bytes, longest_side: int, names: Sequence[str] | None = None, family: str | None = None
) -> LoadedDetector:
    """Return the detector in the ONNX file ``model``.

    Args:
        model: content of an ONNX file.
        longest_side: longest side of the input images, in pixels; ignored by models with a fixed input size.
        names: class names, in order. Default: the names in the model, or those of COCO for 80 classes.
        family: one of `FAMILIES`; detected by the shapes of the outputs if not given. ``nanodet`` includes its
            variants, which are detected too.

    Raises:
        UnusableModel: the bytes are not an ONNX model, or the model is not a detector of a known family.
    """
    network = Network(model)
    side = -(-longest_side // 32) * 32
    size = network.size or (side, side)
    shapes = network.output_shapes(size)
    known = [*names] if names else _names_in(network.metadata)
    chosen = family or _family_of(shapes, size, network)
    if chosen in VARIANTS:
        detected = _variant(shapes, size, network)
        if detected is None:
            raise UnusableModel(
                f"it returns {_cell_count(shapes)} cells for a picture of {size[0]} by {size[1]}, which is not the "
                f"number of a {chosen} with strides 8, 16, 32 (and 64)"
            )
        chosen = detected if chosen == "nanodet" else chosen
    detector = _detector(network, chosen, shapes, longest_side, len(known) if known else None)
    return LoadedDetector(detector, chosen, _named(known, detector.class_count))


def _family_of(shapes: Sequence[tuple[int, ...]], size: tuple[int, int], network: Network) -> str:
    first = shapes[0]
    if all(len(shape) == 4 for shape in shapes):
        return "nanodet"
    if len(shapes) >= 2 and sum(shape[-1:] == (4,) for shape in shapes) == 1 and all(len(s) == 3 for s in shapes[:2]):
        return "detr"
    if len(shapes) == 1 and len(first) == 3:
        if first[1] < first[2]:
            return "yolo"
        # YOLOX has as many cells as NanoDet with three strides. NanoDet then has 8 bins for each of four sides.
        is_nanodet = first[2] - 32 in {80, len(_names_in(network.metadata) or ())}
        return "nanodet" if is_nanodet or _variant(shapes, size, network) != "nanodet" else "yolox"
    raise UnusableModel(
        f"the model's outputs have the shapes {', '.join(map(str, shapes))}, which do not match a detector of the "
        f"families {', '.join(FAMILIES)} without post-processing; export it without non-maximum suppression"
    )


def _variant(shapes: Sequence[tuple[int, ...]], size: tuple[int, int], network: Network) -> str | None:
    return variant_of(_cell_count(shapes), size, network.metadata)


def _cell_count(shapes: Sequence[tuple[int, ...]]) -> int:
    in_grids = all(len(shape) == 4 for shape in shapes)
    return sum(shape[2] * shape[3] for shape in shapes) if in_grids else shapes[0][1]


def _detector(
    network: Network, family: str, shapes: Sequence[tuple[int, ...]], longest_side: int, named: int | None
) -> Detector:
    try:
        if family == "yolox":
            return YoloX(network, longest_side, _positive(shapes[0][2] - 5))
        if family == "yolo":
            return Yolo(network, longest_side, _positive(shapes[0][1] - 4))
        if family in VARIANTS:
            return _nanodet(network, family, shapes, longest_side, named)
        _, logits = boxes_and_logits(network.run_on_blank(network.size or (longest_side, longest_side)))
        count = logits.shape[1]
        has_nothing_class = (
            count == (named or len(CLASS_NAMES)) + 1 or count == 92
        )  # the original numbers of COCO, and "no object"
        is_normalised = has_nothing_class or network.takes_pixel_mask
        return Detr(network, longest_side, count - has_nothing_class, has_nothing_class=has_nothing_class,
                    is_normalised=is_normalised)  # fmt: skip
    except (ValueError, IndexError) as error:
        raise UnusableModel(f"the model is not a detector of the family {family}: {error}") from None


def _nanodet(
    network: Network, variant: str, shapes: Sequence[tuple[int, ...]], longest_side: int, named: int | None
) -> NanoDet:
    is_raw = len(shapes[0]) == 4
    depth = shapes[0][1] if is_raw else shapes[0][2]
    bins = (depth - named) // 4 if named else next((each for each in _USUAL_BINS if depth - 4 * each == 80), 0)
    if bins < 2 or depth - 4 * bins < 1:
        raise ValueError(f"it returns {depth} numbers per cell; give the names of its classes ('classes')")
    return NanoDet(network, VARIANTS[variant], longest_side, depth - 4 * bins, bins, is_raw=is_raw)


def _positive(count: int) -> int:
    if count < 1:
        raise ValueError("its output is too small to hold class scores")
    return count


def _named(names: Sequence[str] | None, count: int) -> Sequence[str]:
    if names:
        if len(names) != count:
            raise UnusableModel(f"{len(names)} names are given, but the model has {count} classes")
        return names
    return CLASS_NAMES if count == len(CLASS_NAMES) else [f"class {number}" for number in range(count)]


def _names_in(metadata: dict[str, str]) -> list[str] | None:
    """Return the class names that exporters store in a model, as ``{0: 'person', …}``."""
    try:
        said = ast.literal_eval(metadata.get("names", ""))
        names = [said[number] for number in range(len(said))]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        return None
    return names if names and all(isinstance(name, str) for name in names) else None
