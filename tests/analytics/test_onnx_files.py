"""ONNX files from users: a reference to another file is found wherever a tensor can occur, however it is encoded."""

from collections.abc import Callable, Iterator

import onnx
import pytest
from google.protobuf.descriptor import Descriptor
from onnx import TensorProto, helper

from voxel51.analytics.onnx_files import CHILDREN, InvalidModelFile, _Kind, require_single_file
from voxel51.analytics.sessions import UnusableModel, create_session


def tensor(*, is_external: bool = True) -> TensorProto:
    made = helper.make_tensor("weights", TensorProto.FLOAT, [1], [1.0])
    if is_external:
        made.ClearField("float_data")
        made.data_location = TensorProto.EXTERNAL
        made.external_data.add(key="location", value="../../../etc/passwd")
    return made


def graph(*nodes: onnx.NodeProto, **parts: object) -> onnx.GraphProto:
    value = helper.make_tensor_value_info("weights", TensorProto.FLOAT, [1])
    return helper.make_graph(list(nodes), "g", [], [value], **parts)  # type: ignore[arg-type]


def constant(attribute: onnx.AttributeProto) -> onnx.NodeProto:
    node = onnx.NodeProto(op_type="Constant", output=["weights"])
    node.attribute.append(attribute)
    return node


def as_initializer(given: TensorProto) -> onnx.ModelProto:
    return helper.make_model(graph(initializer=[given]))


def as_attribute(given: TensorProto) -> onnx.ModelProto:
    return helper.make_model(graph(constant(helper.make_attribute("value", given))))


def among_attributes(given: TensorProto) -> onnx.ModelProto:
    return helper.make_model(graph(constant(helper.make_attribute("values", [tensor(is_external=False), given]))))


def in_sparse_initializer(given: TensorProto) -> onnx.ModelProto:
    made = graph()
    made.sparse_initializer.append(onnx.SparseTensorProto(values=given))
    return helper.make_model(made)


def in_sparse_attribute(given: TensorProto) -> onnx.ModelProto:
    sparse = onnx.SparseTensorProto(indices=given)
    attribute = onnx.AttributeProto(name="a", type=onnx.AttributeProto.SPARSE_TENSOR, sparse_tensor=sparse)
    return helper.make_model(graph(constant(attribute)))


def in_subgraph(given: TensorProto) -> onnx.ModelProto:
    branch = graph(initializer=[given])
    for _ in range(20):
        branch = graph(constant(helper.make_attribute("then_branch", branch)))
    return helper.make_model(branch)


def in_function(given: TensorProto) -> onnx.ModelProto:
    made = helper.make_model(graph())
    made.functions.add(name="f").node.append(constant(helper.make_attribute("value", given)))
    return made


def as_default_of_function(given: TensorProto) -> onnx.ModelProto:
    made = helper.make_model(graph())
    made.functions.add(name="f").attribute_proto.append(helper.make_attribute("value", given))
    return made


def in_training(given: TensorProto) -> onnx.ModelProto:
    made = helper.make_model(graph())
    made.training_info.add().algorithm.initializer.append(given)
    return made


PLACES = [
    as_initializer, as_attribute, among_attributes, in_sparse_initializer, in_sparse_attribute, in_subgraph,
    in_function, as_default_of_function, in_training,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_external_data_are_found_everywhere(place: Callable[[TensorProto], onnx.ModelProto]) -> None:
    require_single_file(place(tensor(is_external=False)).SerializeToString())
    with pytest.raises(InvalidModelFile, match="in other files; save it as one file"):
        require_single_file(place(tensor()).SerializeToString())


def varint(value: int, length: int) -> bytes:
    """Return ``value`` in ``length`` bytes, which may be more than it needs."""
    return bytes((value >> (7 * place) & 0x7F) | (0x80 if place < length - 1 else 0) for place in range(length))


def field(number: int, content: bytes, length: int) -> bytes:
    return varint(number << 3 | 2, length) + varint(len(content), length) + content


@pytest.mark.parametrize("length", [2, 3, 5])
def test_external_data_are_found_in_numbers_longer_than_needed(length: int) -> None:
    entry = field(1, b"location", length) + field(2, b"/etc/passwd", length)
    made = field(8, b"weights", length) + field(13, entry, length) + varint(14 << 3, length) + varint(1, length)
    model = field(7, field(5, made, length), length)
    [read] = onnx.load_from_string(model).graph.initializer
    assert read.data_location == TensorProto.EXTERNAL  # the guard must read what protobuf reads
    assert b"\x0a\x08location" not in model

    with pytest.raises(InvalidModelFile, match="in other files"):
        require_single_file(model)
    with pytest.raises(UnusableModel, match="in other files"):
        create_session(model)


def test_models_in_own_format_or_compiled_are_refused() -> None:
    with pytest.raises(InvalidModelFile, match=r"\.ort"):
        require_single_file(b"\x1c\0\0\0ORTM" + bytes(64))
    compiled = helper.make_node("EPContext", [], ["weights"], domain="com.microsoft", ep_cache_context="/etc/passwd")
    with pytest.raises(InvalidModelFile, match="EPContext"):
        require_single_file(helper.make_model(graph(compiled)).SerializeToString())


@pytest.mark.parametrize(
    "content",
    [
        b"\x3a\xff\xff\xff\xff\x7f",  # a graph longer than the file
        b"\x3a\x80",  # a number that does not end
        b"\x3a" + b"\x80" * 10 + b"\x01",  # a number longer than any
        b"\x38\x01",  # a graph that is a number
        b"\x3b\x3c",  # a group
        b"\x00\x01",  # field 0
        b"\xba\x80\x80\x80\x80\x01",  # a tag of more than 32 bits, which parsers cut
        b"\x3e",  # an undefined wire type
    ],
)
def test_ambiguous_or_damaged_files_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidModelFile, match="damaged at byte"):
        require_single_file(content)


def test_every_message_that_can_hold_a_tensor_is_searched() -> None:
    """Compares the guard's table with the schema in the installed package, which new versions of ONNX extend."""
    kinds = {
        _Kind.MODEL: onnx.ModelProto, _Kind.GRAPH: onnx.GraphProto, _Kind.NODE: onnx.NodeProto,
        _Kind.ATTRIBUTE: onnx.AttributeProto, _Kind.FUNCTION: onnx.FunctionProto,
        _Kind.TRAINING: onnx.TrainingInfoProto, _Kind.SPARSE_TENSOR: onnx.SparseTensorProto,
        _Kind.TENSOR: onnx.TensorProto,
    }  # fmt: skip
    searched = {
        (kinds[kind].DESCRIPTOR.name, number, kinds[child].DESCRIPTOR.name)
        for kind, children in CHILDREN.items()
        for number, child in children.items()
    }
    assert searched == set(_paths_to_tensors(onnx.ModelProto.DESCRIPTOR))


def _paths_to_tensors(root: Descriptor) -> Iterator[tuple[str, int, str]]:
    pending, seen = [root], {root.full_name}
    while pending:
        message = pending.pop()
        for each in message.fields:
            if each.message_type is None:
                continue
            if _reaches_tensor(each.message_type, set()):
                yield message.name, each.number, each.message_type.name
            if each.message_type.full_name not in seen:
                seen.add(each.message_type.full_name)
                pending.append(each.message_type)


def _reaches_tensor(message: Descriptor, seen: set[str]) -> bool:
    if message.name == "TensorProto":
        return True
    if message.full_name in seen:
        return False
    seen.add(message.full_name)
    return any(_reaches_tensor(each.message_type, seen) for each in message.fields if each.message_type is not None)
