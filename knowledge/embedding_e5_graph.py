"""multilingual-e5-small as an ONNX graph in 8-bit integers, which onnxruntime computes quickly on a CPU.

Weights have one scale an output, activations one a row (as in LLM.int8, Dettmers et al., 2022, without
its outliers), so that what a text gives does not depend on the texts beside it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.embedding_e5_file import Floats, PackedFile

OPSET = 18
_MICROSOFT = "com.microsoft"
_ATTENTION = ("q", "k", "v")


def build(packed: PackedFile, layers: tuple[int, ...]) -> bytes:
    """The serialised graph.

    Inputs: `words` (texts, tokens, width), the sum of word and position embeddings, and `kept` (texts,
    tokens), 1 for a token and 0 for padding. Outputs: `mean<layer>` (texts, width) for each of `layers`,
    counted from 1: the mean of the tokens after that layer. What follows the last of them is left out.
    """
    graph = _Graph(packed)
    x = graph.normed("words", "emb.ln.")
    for layer in range(max(layers)):
        x = graph.layer(x, f"l{layer}.")
        if layer + 1 in layers:
            graph.mean(x, f"mean{layer + 1}")
    return graph.serialised()


class _Graph:
    """Nodes and weights as they are added; a method returns the name of what it computes."""

    def __init__(self, packed: PackedFile) -> None:
        from onnx import TensorProto, helper

        self.packed, self._helper, self._float = packed, helper, TensorProto.FLOAT
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}
        self._outputs: list[Any] = []
        self._quantised: dict[str, tuple[str, str]] = {}
        width, heads = packed.width, packed.heads
        self._const("step", np.float32(1 / 127))
        self._const("middle", np.uint8(128))
        self._const("last", np.array([-1]))
        self._const("tokens", np.array([1]))
        self._const("heads", np.array([0, 0, heads, width // heads]))
        self._const("flat", np.array([0, 0, width]))
        self._const("scale", np.float32((width // heads) ** -0.5))
        self._const("one", np.float32(1))
        self._const("out", np.float32(-1e4))
        padded = self._add("Mul", [self._add("Sub", ["one", "kept"]), "out"])
        self._mask = self._add("Unsqueeze", [padded, self._const("middle_axes", np.array([1, 2]))])
        self._kept = self._add("Unsqueeze", ["kept", "last"])
        self._count = self._add("ReduceSum", ["kept", "tokens"], keepdims=1)

    def layer(self, x: str, name: str) -> str:
        """One layer of the encoder."""
        vector = self.packed.vector
        matrices = [self._matrix(f"{name}{part}.w", self.packed.width) for part in _ATTENTION]
        bias = np.concatenate([vector(f"{name}{part}.b") for part in _ATTENTION])
        joined = self._add(
            "Add", [self._times(x, np.vstack(matrices), f"{name}qkv"), self._const(f"{name}qkv.b", bias)]
        )
        q, k, v = self._split(joined)
        scores = self._add(
            "Mul",
            [self._add("MatMul", [self._turned(q, (0, 2, 1, 3)), self._turned(k, (0, 2, 3, 1))]), "scale"],
        )
        shares = self._add("Softmax", [self._add("Add", [scores, self._mask])], axis=-1)
        seen = self._add("MatMul", [shares, self._turned(v, (0, 2, 1, 3))])
        seen = self._add("Reshape", [self._add("Transpose", [seen], perm=(0, 2, 1, 3)), "flat"])
        x = self._joined(x, seen, f"{name}ao", f"{name}aln.")
        wide = self._times(x, self._matrix(f"{name}fi.w", self.packed.width), f"{name}fi")
        wide = self._add(
            "BiasGelu", [wide, self._const(f"{name}fi.b", vector(f"{name}fi.b"))], domain=_MICROSOFT
        )
        return self._joined(x, wide, f"{name}fo", f"{name}oln.")

    def normed(self, x: str, name: str) -> str:
        """Layer normalisation."""
        return self._add("LayerNormalization", [x, *self._gains(name)], axis=-1, epsilon=self.packed.epsilon)

    def mean(self, x: str, name: str) -> None:
        """The mean of the tokens as an output."""
        total = self._add("ReduceSum", [self._add("Mul", [x, self._kept]), "tokens"], keepdims=0)
        self._nodes.append(self._helper.make_node("Div", [total, self._count], [name]))
        shape = ["texts", self.packed.width]
        self._outputs.append(self._helper.make_tensor_value_info(name, self._float, shape))

    def serialised(self) -> bytes:
        """The whole model."""
        from onnx import numpy_helper

        words = self._helper.make_tensor_value_info(
            "words", self._float, ["texts", "tokens", self.packed.width]
        )
        kept = self._helper.make_tensor_value_info("kept", self._float, ["texts", "tokens"])
        weights = [numpy_helper.from_array(value, name) for name, value in self._weights.items()]
        graph = self._helper.make_graph(self._nodes, "e5", [words, kept], self._outputs, weights)
        versions = [self._helper.make_opsetid("", OPSET), self._helper.make_opsetid(_MICROSOFT, 1)]
        model = self._helper.make_model(graph, opset_imports=versions, ir_version=9)
        return bytes(model.SerializeToString())

    def _joined(self, x: str, y: str, matrix: str, norm: str) -> str:
        """`y` through a matrix, added to `x` and normalised."""
        turned = self._times(y, self._matrix(f"{matrix}.w", -1), matrix)
        bias = self._const(f"{matrix}.b", self.packed.vector(f"{matrix}.b"))
        inputs = [x, turned, *self._gains(norm), bias]
        return self._add("SkipLayerNormalization", inputs, domain=_MICROSOFT, epsilon=self.packed.epsilon)

    def _times(self, x: str, matrix: Floats, name: str) -> str:
        """`x` times the transposed matrix, in integers: 8-bit rows of `x`, 8-bit columns of the matrix."""
        scale = np.maximum(np.abs(matrix).max(axis=1) / 127, 1e-9)
        codes = np.round(matrix / scale[:, None]).astype(np.int8).T
        rows, largest = self._rows(x)
        weights = [self._const(name, codes), "step", self._const(f"{name}.s", scale.astype(np.float32))]
        zeros = self._const(f"{name}.z", np.zeros(len(scale), np.int8))
        product = self._add("MatMulIntegerToFloat", [rows, *weights, "middle", zeros], domain=_MICROSOFT)
        return self._add("Mul", [product, largest])

    def _rows(self, x: str) -> tuple[str, str]:
        if x not in self._quantised:
            largest = self._add("ReduceMax", [self._add("Abs", [x]), "last"], keepdims=1)
            codes = self._add("QuantizeLinear", [self._add("Div", [x, largest]), "step", "middle"])
            self._quantised[x] = codes, largest
        return self._quantised[x]

    def _matrix(self, name: str, columns: int) -> Floats:
        inputs = columns if columns > 0 else self.packed.inner if name.endswith("fo.w") else self.packed.width
        return self.packed.matrix(name, inputs)

    def _gains(self, name: str) -> list[str]:
        return [self._const(f"{name}{part}", self.packed.vector(f"{name}{part}")) for part in ("w", "b")]

    def _split(self, x: str) -> list[str]:
        names = [f"{x}.{part}" for part in _ATTENTION]
        self._nodes.append(self._helper.make_node("Split", [x], names, axis=2, num_outputs=3))
        return names

    def _turned(self, x: str, order: tuple[int, ...]) -> str:
        return self._add("Transpose", [self._add("Reshape", [x, "heads"])], perm=order)

    def _const(self, name: str, value: NDArray[Any] | np.generic) -> str:
        self._weights[name] = np.asarray(value, order="C")
        return name

    def _add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"n{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, inputs, [name], **attributes))
        return name
