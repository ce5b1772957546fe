"""Where glassnet differs from PyTorch on purpose: our way pinned, theirs shown, and the docstring read."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import losses, optimizers, schedules
from glassnet.registry import from_config, table

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def tells(cls, *words):
    """Check that the docstring speaks of PyTorch and of this."""
    text = " ".join(cls.__doc__.split())
    assert "PyTorch" in text
    for word in words:
        assert word in text, f"{cls.__name__} should say {word!r}"


def ours(case):
    """Return the values after every update, one row each."""
    optimizer = from_config("optimizer", case["optimizer"])
    values = case["values"].copy()
    state = optimizer.create_state(values, case.get("decaying"))
    path = []
    for gradient in case["gradients"].copy():
        optimizer.update(values, gradient, state)
        path.append(values.copy())
    return optimizer, np.array(path)


def same(path, other):
    return np.allclose(path, other, rtol=1e-10, atol=1e-10)


# -- optimisers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_velocity_is_made_of_steps_not_of_gradients(nesterov, difference):
    case = difference(f"SGD, {'nesterov, ' * nesterov}momentum, falling rate")
    optimizer, path = ours(case)
    for rate_inside, expected in ((True, path), (False, case["pytorch"]["path"])):
        p, v = case["values"].copy(), np.zeros(4)
        for t, g in enumerate(case["gradients"]):
            lr = optimizer.rate_at(t)
            new = lr * g if rate_inside else g
            v = 0.9 * v + new
            step = 0.9 * v + new if nesterov else v
            p = p - (step if rate_inside else lr * step)
            np.testing.assert_allclose(expected[t], p, **CLOSE)
    assert same(path[0], case["pytorch"]["path"][0])
    assert not same(path[1], case["pytorch"]["path"][1])
    tells(gn.SGD, "PyTorch keeps the rate outside")


def test_rmsprop_remembers_steps_with_their_own_rate(difference):
    case = difference("RMSprop, momentum, falling rate")
    optimizer, path = ours(case)
    for rate_inside, expected in ((True, path), (False, case["pytorch"]["path"])):
        p, s, v = case["values"].copy(), np.zeros(4), np.zeros(4)
        for t, g in enumerate(case["gradients"]):
            lr = optimizer.rate_at(t)
            s = 0.9 * s + 0.1 * g * g
            direction = g / (np.sqrt(s) + 1e-8)
            v = 0.9 * v + (lr * direction if rate_inside else direction)
            p = p - (v if rate_inside else lr * v)
            np.testing.assert_allclose(expected[t], p, **CLOSE)
    assert not same(path, case["pytorch"]["path"])
    tells(gn.RMSprop, "PyTorch applies the rate of the moment")


def test_averaged_momentum_starts_at_zero(difference):
    case = difference("SGD, averaged, momentum, constant rate")
    _, path = ours(case)
    p, v = case["values"].copy(), np.zeros(4)
    for t, g in enumerate(case["gradients"]):
        v = 0.9 * v + 0.1 * g
        p = p - 0.5 * v
        np.testing.assert_allclose(path[t], p, **CLOSE)
    first = case["values"] - 0.5 * case["gradients"][0]  # all of the first gradient, not a tenth
    np.testing.assert_allclose(case["pytorch"]["path"][0], first, **CLOSE)
    tells(gn.SGD, "dampening", "first velocity")


def test_clipping_reaches_the_norm_exactly(difference):
    case = difference("SGD, clip_norm, constant rate")
    _, path = ours(case)
    norm = np.linalg.norm(case["gradients"][0])
    assert norm > 0.25
    for added, expected in ((0, path), (1e-6, case["pytorch"]["path"])):
        step = 0.5 * case["gradients"][0] * 0.25 / (norm + added)
        np.testing.assert_allclose(expected[0], case["values"] - step, rtol=0, atol=1e-15)
    assert not same(path[0], case["pytorch"]["path"][0])
    tells(optimizers.Optimizer, "PyTorch divides by norm + 1e-6")


def test_nadam_keeps_its_product_in_double_precision(difference):
    case = difference("NAdam, plain, constant rate")
    _, path = ours(case)
    for kind, expected, tolerance in (
        (np.float64, path, 1e-12),
        (np.float32, case["pytorch"]["path"], 1e-12),
    ):
        p, m, v, product = case["values"].copy(), np.zeros(4), np.zeros(4), kind(1)
        for t, g in enumerate(case["gradients"], 1):
            mu, mu_next = (0.9 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (t, t + 1))
            product = kind(product * kind(mu))
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            top = (1 - mu) * g / (1 - float(product)) + mu_next * m / (1 - float(product) * mu_next)
            p = p - 0.5 * top / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            np.testing.assert_allclose(expected[t - 1], p, rtol=tolerance, atol=tolerance)
    assert not same(path, case["pytorch"]["path"])
    tells(gn.NAdam, "PyTorch keeps it in float32")


def momentum_step(p, g, state, t):
    v = state["v"] = 0.9 * state.get("v", 0) + 0.1 * g
    return p - v


def adam_step(p, g, state, t):
    m = state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    v = state["v"] = 0.999 * state.get("v", 0) + 0.001 * g * g
    return p - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


@pytest.mark.parametrize(("name", "rule"), [("SGD", momentum_step), ("Adam", adam_step)])
def test_weight_decay_goes_around_the_rule_not_through_it(name, rule, difference):
    case = difference(f"{name}, weight decay")
    _, path = ours(case)
    p, q, around, through = case["values"], case["values"], {}, {}
    for t, g in enumerate(case["gradients"], 1):
        p = rule(p * (1 - 0.1 * 0.5), g, around, t)
        q = rule(q, g + 0.5 * q, through, t)
        np.testing.assert_allclose(path[t - 1], p, **CLOSE)
        np.testing.assert_allclose(case["pytorch"]["path"][t - 1], q, **CLOSE)
    assert not same(path, case["pytorch"]["path"])
    tells(optimizers.Optimizer, "decoupled", "PyTorch's weight_decay", "Dense(l2=...)")


def test_adamw_spares_biases(difference):
    case = difference("AdamW, weights and biases")
    optimizer, path = ours(case)
    theirs = case["pytorch"]["path"]
    assert same(path[:, :2], theirs[:, :2])
    assert not same(path[:, 2:], theirs[:, 2:])
    _, all_decaying = ours({**case, "decaying": 4})
    assert same(all_decaying, theirs)
    assert optimizer.weight_decay == 0.5
    tells(gn.AdamW, "Unlike PyTorch's", "biases and norm parameters are spared")


def test_centred_rmsprop_survives_a_gradient_that_never_changes(difference):
    case = difference("RMSprop, centred, gradients that never change")
    slopes = case["gradients"]
    _, path = ours(
        {**case, "values": np.zeros(slopes.size), "gradients": np.tile(slopes, (case["steps"], 1))}
    )
    assert np.isfinite(path).all()
    assert case["pytorch"]["nan"] is True
    tells(gn.RMSprop, "PyTorch's step is NaN")


# -- layers, activations, schedules ---------------------------------------------------------------------


def test_batch_norm_takes_a_batch_of_one_row(difference):
    case = difference("BatchNorm, one row")
    net = gn.Network([gn.BatchNorm(momentum=0.75)], seed=0, dtype="float64").build(3)
    net.parameters["batchnorm1.shift"] = [1, 2, 3]
    np.testing.assert_array_equal(net.forward(case["inputs"], training=True), [[1, 2, 3]])
    statistics = net.parameters.statistics
    np.testing.assert_allclose(statistics["batchnorm1.mean"], 0.25 * case["inputs"][0], **CLOSE)
    np.testing.assert_array_equal(statistics["batchnorm1.variance"], 1)
    assert "more than 1 value per channel" in case["pytorch"]["error"]
    tells(gn.BatchNorm, "PyTorch refuses such a batch")


def test_softplus_is_exact_above_twenty(difference):
    case = difference("Softplus")
    z, theirs = case["z"], case["pytorch"]
    net = gn.Network([gn.Activation("softplus")], seed=0, dtype="float64").build(7)
    np.testing.assert_allclose(net.predict(z)[0], [math.log1p(math.exp(x)) for x in z[0]], rtol=1e-15)
    above = z > 20
    np.testing.assert_array_equal(theirs["a"][above], z[above])
    np.testing.assert_array_equal(theirs["derivative"][above], 1)
    assert 1e-9 < np.abs(net.predict(z) - theirs["a"]).max() < 3e-9
    tells(gn.Softplus, "PyTorch returns z above 20")


def test_dropout_of_everything_is_refused(difference):
    np.testing.assert_array_equal(difference("Dropout, rate 1")["pytorch"]["outputs"], 0)
    with pytest.raises(gn.HyperparameterError, match=r"Dropout rate must lie in \[0, 1\), got 1"):
        gn.Dropout(1.0)
    tells(gn.Dropout, "PyTorch also takes 1")


def test_max_norm_is_met_exactly(difference):
    case = difference("max_norm")
    net = gn.Network([gn.Dense(3, bias=False, max_norm=1.0)], seed=0, dtype="float64").build(4)
    net.parameters["dense1.weight"] = case["weight"]
    net.fit(np.zeros((1, 4)), np.zeros((1, 3)), loss="mse", optimizer="sgd", epochs=1)
    found, theirs = net.parameters["dense1.weight"], case["pytorch"]["weight"]
    norms = np.linalg.norm(case["weight"], axis=0)
    np.testing.assert_allclose(found, case["weight"] / np.maximum(norms, 1), **CLOSE)
    np.testing.assert_allclose(theirs, case["weight"] / (norms + 1e-7), **CLOSE)
    assert (norms > 1).all()
    assert not same(found, theirs)
    tells(gn.Dense, "PyTorch's renorm")


def test_biases_start_at_zero(difference):
    net = gn.Network([gn.Dense(3)], seed=0).build(4)
    np.testing.assert_array_equal(net.parameters["dense1.bias"], 0)
    bias = difference("first bias")["pytorch"]["bias"]
    assert (bias != 0).all()
    assert (np.abs(bias) <= 1 / math.sqrt(4)).all()
    tells(gn.Dense, "PyTorch draws it")


def test_the_cosine_stays_down(difference):
    case = difference("Cosine after its end")
    schedule = from_config("schedule", case["schedule"])
    rates = np.array([schedule(step) for step in range(9)])
    np.testing.assert_allclose(rates[:5], case["pytorch"]["rates"][:5], **CLOSE)
    np.testing.assert_array_equal(rates[4:], 0)
    np.testing.assert_allclose(case["pytorch"]["rates"][4:], rates[4::-1], **CLOSE)
    tells(schedules.Cosine, "PyTorch's CosineAnnealingLR rises again")


# -- losses ---------------------------------------------------------------------------------------------


def test_binary_cross_entropy_goes_on_as_a_tangent(difference):
    case = difference("BinaryCrossEntropy, certain and wrong")
    value, gradient = gn.BinaryCrossEntropy().value_and_gradient(case["outputs"], case["targets"])
    tangent = 1 - math.log(1e-12)
    expected = (3 * tangent - 1e-20 / 1e-12 + math.log(2)) / 4
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(gradient[:, 0], [-1e12 / 4, 1e12 / 4, -1e12 / 4, -0.5], rtol=1e-14)
    # PyTorch's value knows no difference between 0 and e^-100; its gradient floors p (1 - p).
    theirs = case["pytorch"]["value"]
    assert theirs == pytest.approx((100 + 100 - math.log(1e-20) + math.log(2)) / 4, rel=1e-6)
    assert value < theirs
    tells(gn.BinaryCrossEntropy, "caps each logarithm at -100")


def test_categorical_cross_entropy_stays_finite(difference):
    case = difference("CategoricalCrossEntropy, certain and wrong")
    value, gradient = gn.CategoricalCrossEntropy().value_and_gradient(case["outputs"], case["targets"])
    assert value == pytest.approx((1 - math.log(1e-12) + math.log(2)) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, [[-1e12 / 2, 0], [0, -1]], rtol=1e-14)
    assert case["pytorch"]["value"] == np.inf
    assert case["pytorch"]["gradient"][0, 0] == -np.inf
    tells(gn.CategoricalCrossEntropy, "infinite at p = 0")


def test_the_divergence_stays_finite(difference):
    case = difference("KullbackLeibler, certain and wrong")
    value, gradient = gn.KullbackLeibler().value_and_gradient(case["outputs"], case["targets"])
    rows = [
        math.log(0.5) + 0.5 * (1 - math.log(1e-12)),
        0.25 * math.log(0.25) + 0.75 * math.log(0.75) - math.log(0.5),
    ]
    assert value == pytest.approx(sum(rows) / 2, rel=1e-13)
    np.testing.assert_allclose(gradient, [[-0.5e12 / 2, -0.25], [-0.25, -0.75]], rtol=1e-14)
    assert case["pytorch"]["value"] == np.inf
    tells(gn.KullbackLeibler, "infinite at p = 0")


def test_the_divergence_is_summed_over_the_outputs(difference):
    case = difference("KullbackLeibler, default reduction")
    value, _ = gn.KullbackLeibler().value_and_gradient(case["outputs"], case["targets"])
    assert value == pytest.approx(2 * case["pytorch"]["value"], rel=1e-13)
    tells(gn.KullbackLeibler, "batchmean", "by default it divides by the outputs")


def test_huber_is_smooth_l1_times_delta(difference):
    case = difference("Huber and SmoothL1Loss")
    value, gradient = gn.Huber(0.5).value_and_gradient(case["outputs"], case["targets"])
    assert value == pytest.approx(0.5 * case["pytorch"]["value"], rel=1e-13)
    np.testing.assert_allclose(gradient, 0.5 * case["pytorch"]["gradient"], **CLOSE)
    tells(gn.Huber, "SmoothL1Loss is it divided by delta")


def test_soft_targets_must_sum_to_one(difference):
    case = difference("SoftmaxCrossEntropy, targets that sum to 0.75")
    with pytest.raises(gn.DataError, match="must sum to 1"):
        gn.SoftmaxCrossEntropy().value_and_gradient(np.zeros((1, 2)), case["targets"])
    assert case["pytorch"]["value"] == pytest.approx(0.75 * math.log(2), rel=1e-13)
    tells(gn.SoftmaxCrossEntropy, "PyTorch takes rows of any sum")


def test_weights_of_zero_are_a_loss_of_zero(difference):
    value, gradient = gn.SoftmaxCrossEntropy().value_and_gradient(np.zeros((2, 2)), [0, 0], [0, 0])
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)
    assert np.isnan(difference("weights of zero")["pytorch"]["value"])
    tells(losses.Loss, "PyTorch: NaN")


def test_sample_weights_divide_by_their_sum(difference):
    case = difference("sample weights")
    outputs, targets, weights = case["outputs"], case["targets"], case["weights"]
    squares, _ = gn.MeanSquaredError().value_and_gradient(outputs, targets, weights)
    assert squares == pytest.approx(case["pytorch"]["squares"], rel=1e-13)
    logits, _ = losses.SigmoidCrossEntropy().value_and_gradient(outputs, targets, weights)
    assert logits == pytest.approx(case["pytorch"]["logits"] * len(weights) / weights.sum(), rel=1e-13)
    tells(losses.Loss, "binary cross-entropies, and Keras, divide the weighted sum by n")


# -- defaults -------------------------------------------------------------------------------------------

OTHER_DEFAULTS = {
    ("SGD", "learning_rate"): (0.01, 0.001),
    ("Adagrad", "epsilon"): (1e-7, 1e-10),
    ("Adadelta", "rho"): (0.95, 0.9),
    ("RMSprop", "learning_rate"): (0.001, 0.01),
    ("RMSprop", "rho"): (0.9, 0.99),
    ("LBFGS", "history_size"): (10, 100),
}
"""(class, hyperparameter) -> (ours, PyTorch's); all the others are the same."""


def test_other_defaults_are_these_and_the_docstrings_tell_them(difference):
    by_name = {
        cls.__name__: cls
        for kind in ("activation", "layer", "loss", "optimizer")
        for cls in table(kind)[1].values()
    }
    found = {}
    for name, theirs in difference("defaults")["pytorch"].items():
        made = by_name[name]()
        for key, value in theirs.items():
            own = round(1 - made.momentum, 12) if key == "1 - momentum" else getattr(made, key)
            if own != value:
                found[name, key] = (own, value)
    assert found == OTHER_DEFAULTS
    for (name, _), (_, theirs) in OTHER_DEFAULTS.items():
        tells(by_name[name], f"{theirs:g}")
