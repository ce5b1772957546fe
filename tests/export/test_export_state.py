"""State dictionaries as PyTorch writes them: names, shapes, round trips, and PyTorch's own answers."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.export.state import _MODULES
from glassnet.registry import from_config, table

_spec = importlib.util.spec_from_file_location(
    "golden_for_export", Path(__file__).parents[1] / "oracle" / "golden.py"
)
golden = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(golden)

LAYERS = [
    gn.LayerNorm(),
    gn.Dense(8, activation="relu"),
    gn.BatchNorm(),
    gn.Dropout(0.1),
    gn.Activation("tanh"),
    gn.Dense(5, bias=False),
    gn.Dense(3),
]


def shaken(net):
    generator = np.random.default_rng(3)
    net.parameters.values = generator.normal(size=net.parameters.values.shape)
    for statistic in net.parameters.statistics:
        net.parameters.statistics[statistic][...] = generator.uniform(0.5, 2, size=8)
    return net


@pytest.fixture(params=["float32", "float64"])
def net(request):
    return shaken(gn.Network(LAYERS, seed=0, dtype=request.param).build(4))


def test_names_and_shapes(net):
    state = net.to_state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        "0.weight": (4,),
        "0.bias": (4,),
        "1.weight": (8, 4),
        "1.bias": (8,),
        # 2 is the ReLU
        "3.weight": (8,),
        "3.bias": (8,),
        "3.running_mean": (8,),
        "3.running_var": (8,),
        "3.num_batches_tracked": (),
        # 4 dropout, 5 tanh
        "6.weight": (5, 8),
        "7.weight": (3, 5),
        "7.bias": (3,),
    }
    assert state["3.num_batches_tracked"].dtype == np.int64
    assert all(a.dtype == net.dtype for key, a in state.items() if "tracked" not in key)
    assert all(a.flags.c_contiguous and a.flags.owndata for a in state.values())
    np.testing.assert_array_equal(state["1.weight"], net.parameters["dense1.weight"].T)
    np.testing.assert_array_equal(state["3.running_var"], net.parameters.statistics["batchnorm1.variance"])


def same(twin, net):
    X = np.random.default_rng(0).normal(size=(7, 4))
    assert twin.dtype == net.dtype
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    for key, value in net.to_state_dict().items():
        np.testing.assert_array_equal(twin.to_state_dict()[key], value)


def test_round_trip_with_layers(net):
    twin = gn.from_state_dict(net.to_state_dict(), LAYERS, seed=4)
    assert twin.seed == 4
    assert twin.layers == net.layers
    same(twin, net)


def test_round_trip_with_what_has_no_parameters(net):
    twin = gn.from_state_dict(net.to_state_dict(), activations=["relu", gn.Dropout(0.1), gn.Tanh()])
    assert twin.layers == net.layers
    same(twin, net)


def test_more_activations_come_at_the_end():
    state = {"0.weight": np.ones((2, 3), np.float32), "0.bias": np.zeros(2, np.float32)}
    assert gn.from_state_dict(state).layers == (gn.Dense(2),)
    net = gn.from_state_dict(state, activations=["softmax", gn.Dropout(0.2), "linear"])
    assert net.layers == (gn.Dense(2, activation="softmax"), gn.Dropout(0.2), gn.Activation("linear"))
    assert list(net.to_state_dict()) == ["0.weight", "0.bias"]


def test_an_identity_keeps_its_place():
    net = shaken(gn.Network([gn.Dense(3), gn.Activation("linear"), gn.Dense(2)], seed=0).build(4))
    assert list(net.to_state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    twin = gn.from_state_dict(net.to_state_dict(), activations=["linear"])
    assert twin.layers == net.layers
    same(twin, net)


class Tensor:
    """Behaves as a torch tensor that needs a gradient: it becomes an array only when it is detached."""

    def __init__(self, array, steps=()):
        self.array, self.steps = array, steps

    def __array__(self, *arguments, **options):
        raise RuntimeError("Can't call numpy() on a tensor that requires grad.")

    def detach(self):
        return Tensor(self.array, (*self.steps, "detach"))

    def cpu(self):
        return Tensor(self.array, (*self.steps, "cpu"))

    def numpy(self):
        assert self.steps == ("detach", "cpu")
        if self.array is None:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.array


def test_tensors_are_taken(net):
    state = {key: Tensor(value) for key, value in net.to_state_dict().items()}
    del state["3.num_batches_tracked"]
    same(gn.from_state_dict(state, LAYERS), net)
    with pytest.raises(gn.DataError, match=r"state\['0.weight'\] cannot become an array: .*BFloat16"):
        gn.from_state_dict({"0.weight": Tensor(None)})


@pytest.mark.parametrize(
    ("given", "asked", "dtype"),
    [("float16", None, "float32"), ("float64", "float32", "float32"), ("float32", "float64", "float64")],
)
def test_precision(given, asked, dtype):
    state = {"0.weight": np.ones((2, 3), given), "0.bias": np.zeros(2, given)}
    assert gn.from_state_dict(state, dtype=asked).dtype == dtype


# -- PyTorch's own answers --------------------------------------------------------------------------


def cases():
    for family, outputs in (("networks", "start outputs"), ("layers", None)):
        for case in golden.read(family)["cases"]:
            kinds = {layer["class"] for layer in case["layers"]}
            if "Residual" not in kinds and (outputs is None or outputs in case["expected"]):
                yield pytest.param(case, outputs, id=f"{family}: {case['name']}")


@pytest.mark.parametrize(("case", "outputs"), list(cases()))
def test_pytorch_says_the_same_of_the_parameters_it_gave(case, outputs):
    """Write the stored parameters as PyTorch names them, and predict with what is read from that."""
    net = golden.injected(case, np.dtype("float64"))
    if not net.parameters.values.size:
        with pytest.raises(gn.DataError, match="None of the layers has parameters"):
            gn.from_state_dict({"0.weight": np.ones(2)}, net.layers)
        return
    twin = gn.from_state_dict(net.to_state_dict(), [from_config("layer", c) for c in case["layers"]])
    assert twin.layers == net.layers
    np.testing.assert_array_equal(twin.parameters.values, net.parameters.values)
    if outputs is not None:
        np.testing.assert_allclose(twin.forward(case["X"]), case["expected"][outputs], **golden.TOLERANCE_64)


def test_pytorch_says_the_same_of_what_it_trained():
    """The parameters that PyTorch ended with, in its names and shapes, give the outputs it ended with."""
    count = 0
    for case in golden.read("networks")["cases"]:
        if "Residual" in {layer["class"] for layer in case["layers"]} or case["partial"]:
            continue
        trained = gn.Network([from_config("layer", c) for c in case["layers"]], seed=0, dtype="float64")
        trained.build(case["n_features"])
        for name, value in case["expected"].items():
            kind, _, own = name.partition(" ")
            if kind == "parameter":
                trained.parameters[own] = value
            elif kind == "statistic":
                trained.parameters.statistics[own] = value
        twin = gn.from_state_dict(trained.to_state_dict(), trained.layers)
        predicted = twin.predict(case["X"])
        np.testing.assert_allclose(predicted, case["expected"]["prediction"], **golden.TOLERANCE_64)
        count += 1
    assert count > 10


# -- errors -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own(gn.layers.Layer):
    pass


def test_every_layer_has_modules_but_residual():
    assert set(table("layer")[1].values()) - set(_MODULES) == {gn.Residual}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (gn.Residual([gn.Dense(4)]), r"residual1 \(Residual\) .* nn.Sequential cannot express a skip"),
        (Own(), r"own1 \(Own\) .* not one of glassnet's own layers"),
    ],
)
def test_what_has_no_place(layer, words):
    with pytest.raises(gn.GlassnetError, match=words):
        gn.Network([gn.Dense(4), layer], seed=0).build(3).to_state_dict()
    with pytest.raises(gn.GlassnetError, match=words):
        gn.from_state_dict({"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}, [gn.Dense(4), layer])


def test_not_built():
    with pytest.raises(gn.NotBuiltError, match="no parameters yet"):
        gn.Network([gn.Dense(1)]).to_state_dict()


W, B = np.ones((2, 3)), np.zeros(2)


@pytest.mark.parametrize(
    ("state", "more", "error", "words"),
    [
        ({}, {}, gn.DataError, "must be a mapping from keys"),
        ([1], {}, gn.DataError, "must be a mapping from keys"),
        ({"net.0.weight": W}, {}, gn.DataError, "holds 'net.0.weight'.*removeprefix"),
        ({"0.weight": [["a"]]}, {}, gn.DataError, "must hold numbers, got dtype <U1"),
        ({"0.weight": [[1], [1, 2]]}, {}, gn.DataError, "cannot become an array"),
        ({"0.weight": np.ones((2, 3, 4))}, {}, gn.DataError, "Module 0 of the state has weight, by which no"),
        ({"0.running_mean": B}, {}, gn.DataError, "Module 0 of the state has running_mean, by which no"),
        ({"0.weight": W, "2.weight": W.T}, {}, gn.HyperparameterError, "no arrays for 1 .* such as 1.*got 0"),
        (
            {"0.weight": W, "999999999.weight": W},
            {},
            gn.HyperparameterError,
            "no arrays for 999999998 of the modules up to 999999999, such as 1",
        ),
        ({"0.weight": W}, {"activations": "relu"}, gn.HyperparameterError, "must be a list, got 'relu'"),
        ({"0.weight": W}, {"activations": ["rellu"]}, gn.HyperparameterError, "Did you mean 'relu'"),
        (
            {"0.weight": W},
            {"activations": [], "layers": []},
            gn.HyperparameterError,
            "either layers or",
        ),
        (
            {"0.weight": W},
            {"layers": [gn.Dense(2)]},
            gn.DataError,
            "lacks 0.bias; the layers need 0.w",
        ),
        (
            {"0.weight": W, "0.bias": B, "1.weight": B},
            {"layers": [gn.Dense(2)]},
            gn.DataError,
            "holds 1.weight, but the layers need 0.weight, 0.bias alone",
        ),
        (
            {"0.weight": W, "0.bias": B},
            {"layers": [gn.Dense(5)]},
            gn.ShapeError,
            r"state\['0.weight'\] should have shape \(5, 3\) for dense1, got \(2, 3\)",
        ),
        (
            {"0.weight": B, "0.bias": B},
            {"layers": [gn.Dense(2)]},
            gn.ShapeError,
            r"\(outputs, inputs\) for dense1, got \(2,\)",
        ),
        ({"0.weight": W}, {"layers": [gn.Dropout(0.5)]}, gn.DataError, "None of the layers has parameters"),
        ({"0.weight": W}, {"dtype": "int8"}, gn.HyperparameterError, "dtype must be float32 or float64"),
    ],
)
def test_bad_states(state, more, error, words):
    with pytest.raises(error, match=words):
        gn.from_state_dict(state, **more)
