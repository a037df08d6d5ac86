"""Named weights: a registry of model files with licence, source and SHA-256.

The platform includes two of them. The others are published by third parties; an operator puts them into the weights
folder, where a file is accepted only if its hash is known, wherever it comes from.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class UnknownWeights(ValueError):
    """File or name that is not in the registry. The text says what is."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One file with these weights: the publisher's, or a conversion.

    Attributes:
        sha256: of its bytes, in hexadecimal.
        size_bytes: size of the file.
        origin: who made it.
    """

    sha256: str
    size_bytes: int
    origin: str


@dataclass(frozen=True, slots=True)
class NamedWeights:
    """Entry of the registry.

    Attributes:
        name: name in parameters and commands.
        task: what the model does.
        filename: name of the file in the weights folder.
        files: accepted files, any of which may have that name.
        licence: licence of the weights.
        source_card: address of the page that describes the model.
        accuracy: published accuracy, with its measure.
        map_percent: mean average precision on COCO, for object detectors; None for others.
        picture_size: longest side, in pixels, of the images that it was trained on; None if any.
        urls: addresses to download it from; empty if it must be added as a file.
        is_included: whether the wheel ``voxel51-platform-weights`` has it.
    """

    name: str
    task: str
    filename: str
    files: tuple[KnownFile, ...]
    licence: str
    source_card: str
    accuracy: str
    map_percent: float | None = None
    picture_size: int | None = None
    urls: tuple[str, ...] = ()
    is_included: bool = False

    def find(self, folder: Path) -> KnownFile | None:
        """Return which of its files ``folder`` has; None if it has none, or another file of that name."""
        found = self.read(folder)
        return None if found is None else found[1]

    def read(self, folder: Path) -> tuple[bytes, KnownFile] | None:
        """Return the content of its file in ``folder``, and which file it is; None as for `find`.

        The hash is that of the returned bytes, so the folder need not be trusted.
        """
        path = folder / self.filename
        if not path.is_file() or all(path.stat().st_size != each.size_bytes for each in self.files):
            return None
        content = path.read_bytes()
        known = self.with_hash(hashlib.sha256(content).hexdigest())
        return None if known is None else (content, known)

    def with_hash(self, sha256: str) -> KnownFile | None:
        """Return its file with this hash."""
        return next((each for each in self.files if each.sha256 == sha256), None)


_NANODET = "https://github.com/RangiLyu/nanodet"
_OPENCV_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models"
_CONVERTED = "converted from the publisher's weights to ONNX"

REGISTRY: Sequence[NamedWeights] = (
    NamedWeights(
        name="nanodet-g",
        task="object detector",
        filename="nanodet-g.onnx",
        files=(
            KnownFile("76fb2bc2ea46f5aaaac3d06bf05f9e9dc9e82efdee6e62dbc88338d9c948b8c9", 4_097_020, "8-bit integers"),
            KnownFile("c916081388e0324f255dbd5bed677a3ba6c7ba67eae67bfd0b2d583afc81cfb6", 7_593_836, _CONVERTED),
            KnownFile("d52107d23d83fe1284376d3a5468e7e38511c33ba7ac55bb14ec1173352b3814", 7_600_678, _CONVERTED),
        ),
        licence="Apache-2.0",
        source_card=_NANODET,
        accuracy="COCO mAP 22.9",
        map_percent=22.9,
        picture_size=416,
        is_included=True,
    ),
    NamedWeights(
        name="nanodet-plus-m-1.5x",
        task="object detector",
        filename="nanodet-plus-m-1.5x-416-w8.onnx",
        files=(KnownFile("af8415a2de4ea24bff79f7e5c1a429cffd1e180721a6c7513b467b68a8ee30bc", 2_635_177, _CONVERTED),),
        licence="Apache-2.0",
        source_card=_NANODET,
        accuracy="COCO mAP 34.1",
        map_percent=34.1,
        picture_size=416,
    ),
    NamedWeights(
        name="nanodet-plus-m",
        task="object detector",
        filename="nanodet-plus-m-416-fp16.onnx",
        files=(KnownFile("cb64964ed0af141022a0a1292eb7f8ce37bb92e7523fed94326de037be8a9ede", 2_438_915, _CONVERTED),),
        licence="Apache-2.0",
        source_card=_NANODET,
        accuracy="COCO mAP 30.4",
        map_percent=30.4,
        picture_size=416,
    ),
    NamedWeights(
        name="picodet-s",
        task="object detector",
        filename="picodet-s-416-fp16.onnx",
        files=(KnownFile("7c172cedc152b13d8999e38a8bd463dabae20c6878b138d9aabe2bbec4565d06", 2_053_386, _CONVERTED),),
        licence="Apache-2.0",
        source_card="https://github.com/PaddlePaddle/PaddleDetection",
        accuracy="COCO mAP 30.6",
        map_percent=30.6,
        picture_size=416,
    ),
    NamedWeights(
        name="yolox-s",
        task="object detector",
        filename="object_detection_yolox_2022nov.onnx",
        files=(
            KnownFile(
                "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063", 35_858_002, "published by OpenCV"
            ),
        ),
        licence="Apache-2.0",
        source_card="https://github.com/Megvii-BaseDetection/YOLOX",
        accuracy="COCO mAP 40.5",
        map_percent=40.5,
        picture_size=640,
        urls=(f"{_OPENCV_ZOO}/object_detection_yolox/object_detection_yolox_2022nov.onnx",),
    ),
    NamedWeights(
        name="centerface",
        task="face detector",
        filename="centerface.onnx",
        files=(
            KnownFile("5f9d0c07eee7d7daef429829ae7ad720f1662b21b18bc7fb8f6247de66fb34fe", 7_297_216, "sides made free"),
        ),
        licence="MIT",
        source_card="https://github.com/Star-Clouds/CenterFace",
        accuracy="WIDER FACE 0.932 easy, 0.921 medium, 0.873 hard",
        is_included=True,
    ),
    NamedWeights(
        name="yunet",
        task="face detector",
        filename="face_detection_yunet_2026may.onnx",
        files=(
            KnownFile(
                "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0", 229_738, "published by OpenCV"
            ),
        ),
        licence="MIT",
        source_card="https://github.com/opencv/opencv_zoo",
        accuracy="faces of 10 to 300 pixels; finds more than CenterFace, and more false ones",
    ),
    NamedWeights(
        name="person-reidentification-0248",
        task="person re-identification",
        filename="person-reidentification-retail-0248.onnx",
        files=(
            KnownFile(
                "712118ae9a49af0c4565adaf44286e0c363027021c84ebf8c750c9d616910082", 806_389, "any number of images"
            ),
        ),
        licence="Apache-2.0",
        source_card="https://github.com/openvinotoolkit/open_model_zoo",
        accuracy="area under the curve 0.945, same person or another, on 19 people",
    ),
)


WeightsChoices = Mapping[str, Mapping[str, Sequence[NamedWeights]]]
"""Parameter of an analytic -> its values that select weights -> the weights of which a job takes the first present."""


def named(name: str) -> NamedWeights:
    """Return the entry ``name``.

    Raises:
        UnknownWeights: there is no such entry.
    """
    for each in REGISTRY:
        if each.name == name:
            return each
    raise UnknownWeights(f"weights {name!r} not found; the registry has {', '.join(each.name for each in REGISTRY)}")
