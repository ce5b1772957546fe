"""What scikit-learn's MLP has not: each thing does what it says, not only is taken."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, make_scorer, recall_score
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet import MLPClassifier, MLPRegressor
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, LayerNorm


def kinds(model):
    return [type(layer) for layer in model.network_.layers]


# -- weights of classes ---------------------------------------------------------------------------


def test_class_weight_moves_the_decision(data, fit):
    y = np.where(data.X[:, 0] + np.random.RandomState(1).normal(size=240) > 1.5, "rare", "common")
    recalls = [
        recall_score(
            y,
            fit(MLPClassifier((), class_weight=w, random_state=0), data.X, y).predict(data.X),
            pos_label="rare",
        )
        for w in (None, "balanced", {"rare": 50.0, "common": 1.0})
    ]
    assert recalls[0] < recalls[1] < recalls[2]


def test_class_weight_is_the_same_as_sample_weight(data, fit):
    factors = np.where(data.binary == "yes", 3.0, 1.0)
    by_class = fit(
        MLPClassifier((4,), class_weight={"yes": 3.0, "no": 1.0}, max_iter=3, random_state=0),
        data.X,
        data.binary,
    )
    by_row = fit(MLPClassifier((4,), max_iter=3, random_state=0), data.X, data.binary, sample_weight=factors)
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])


def test_class_weight_in_partial_fit(data):
    model = MLPClassifier((4,), class_weight={"yes": 2.0, "no": 1.0}, random_state=0)
    model.partial_fit(data.X, data.binary, classes=["no", "yes"])
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        model.set_params(class_weight="balanced").partial_fit(data.X, data.binary)
    with pytest.raises(ValueError, match="class_weight must not be negative"):
        MLPClassifier(class_weight={"yes": -1, "no": 1}).fit(data.X, data.binary)


# -- the network ----------------------------------------------------------------------------------


def test_dropout_for_all_layers_or_each(data, fit):
    one = fit(MLPClassifier((8, 4), dropout=0.3, max_iter=2, random_state=0), data.X, data.classes)
    assert kinds(one) == [Dense, Dropout, Dense, Dropout, Dense]
    each = fit(MLPClassifier((8, 4), dropout=[0.5, 0], max_iter=2, random_state=0), data.X, data.classes)
    assert kinds(each) == [Dense, Dropout, Dense, Dense]
    assert each.network_.layers[1].rate == 0.5
    plain = fit(MLPClassifier((8, 4), max_iter=2, random_state=0), data.X, data.classes)
    assert not np.allclose(one.coefs_[0], plain.coefs_[0])
    np.testing.assert_array_equal(one.predict_proba(data.X), one.predict_proba(data.X))
    with pytest.raises(ValueError, match="dropout must hold one item for each of the 2 hidden layers, got 3"):
        MLPClassifier((8, 4), dropout=[0.1, 0.2, 0.3]).fit(data.X, data.classes)


@pytest.mark.parametrize(("name", "layer"), [("batch", BatchNorm), ("layer", LayerNorm)])
def test_normalization(name, layer, data, fit):
    model = fit(
        MLPRegressor(
            hidden_layer_sizes=(16,), normalization=name, max_iter=60, random_state=0, learning_rate_init=0.02
        ),
        data.X * 1000,
        data.values,
    )
    assert kinds(model) == [Dense, layer, Activation, Dense]
    assert model.score(data.X * 1000, data.values) > 0.8
    assert len(model.coefs_) == 2
    assert model.transform(data.X).shape == (240, 16)


def test_an_activation_for_each_layer_and_of_the_output(data, fit):
    model = fit(
        MLPRegressor(
            hidden_layer_sizes=(8, 6),
            activation=["gelu", gn.LeakyReLU(0.2)],
            output_activation="softplus",
            max_iter=5,
            random_state=0,
        ),
        data.X,
        np.exp(data.values),
    )
    assert [layer.activation for layer in model.network_.layers] == [
        gn.GELU(),
        gn.LeakyReLU(0.2),
        gn.Softplus(),
    ]
    assert model.out_activation_ == "softplus"
    assert (model.predict(data.X * 100) >= 0).all()
    with pytest.raises(ValueError, match="activation must hold one item for each of the 2 hidden layers"):
        MLPRegressor(hidden_layer_sizes=(8, 6), activation=["relu"]).fit(data.X, data.values)


@pytest.mark.parametrize("name", sorted(set(gn.activations.BY_NAME) - {"softmax"}))
def test_every_activation_learns(name, data, fit):
    model = fit(
        MLPClassifier((16,), activation=name, random_state=0, learning_rate_init=0.02, max_iter=40),
        data.X,
        data.binary,
    )
    assert model.score(data.X, data.binary) > 0.7


def test_transform_gives_the_hidden_activations_of_a_layer(data, fit):
    model = fit(MLPClassifier((8, 5), dropout=0.2, max_iter=2, random_state=0), data.X, data.classes)
    first = np.maximum(data.X @ model.coefs_[0] + model.intercepts_[0], 0)
    second = np.maximum(first @ model.coefs_[1] + model.intercepts_[1], 0)
    np.testing.assert_allclose(model.transform(data.X), second, atol=1e-12)
    np.testing.assert_allclose(model.transform(data.X, layer=0), first, atol=1e-12)
    np.testing.assert_allclose(model.set_params(layer=0).transform(data.X), first, atol=1e-12)
    assert len(model.get_feature_names_out()) == 8
    with pytest.raises(ValueError, match="layer must be one of the 2 hidden layers, counted from 0, got 2"):
        model.transform(data.X, layer=2)


# -- losses ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Focal(gn.losses.Loss):
    """A loss of the user's own, on probabilities: only value_and_gradient."""

    def value_and_gradient(self, outputs, targets, sample_weight=None):
        t = np.asarray(targets, float)
        p = np.clip(outputs, 1e-6, 1 - 1e-6)
        value = -(t * (1 - p) ** 2 * np.log(p) + (1 - t) * p**2 * np.log(1 - p))
        slope = t * (2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p)
        slope += (1 - t) * (-2 * p * np.log(1 - p) + p**2 / (1 - p))
        return float(value.mean()), slope / p.size


@pytest.mark.parametrize(
    "loss",
    [
        "softmax_cross_entropy",
        "sigmoid_cross_entropy",
        "binary_cross_entropy",
        "categorical_cross_entropy",
        "mse",
        "huber",
        gn.SoftmaxCrossEntropy(label_smoothing=0.1),
        Focal(),
        "kullback_leibler",
    ],
    ids=str,
)
def test_losses_of_the_classifier(loss, data, fit):
    for y in (data.binary, data.classes):
        model = fit(
            MLPClassifier((16,), loss=loss, random_state=0, learning_rate_init=0.02, max_iter=40), data.X, y
        )
        probabilities = model.predict_proba(data.X)
        assert probabilities.shape == (240, len(set(y)))
        assert (probabilities >= 0).all()
        assert model.score(data.X, y) > 0.7, y[0]


@pytest.mark.parametrize("loss", ["mae", gn.Huber(0.5), "mse", "quantile"], ids=str)
def test_losses_of_the_regressor(loss, data, fit):
    model = fit(
        MLPRegressor(
            loss=loss, hidden_layer_sizes=(16,), learning_rate_init=0.02, max_iter=60, random_state=0
        ),
        data.X,
        data.values,
    )
    assert model.score(data.X, data.values) > 0.7
    both = fit(MLPRegressor(loss=loss, hidden_layer_sizes=(16,), max_iter=3), data.X, data.targets)
    assert both.predict(data.X).shape == (240, 2)


def test_the_absolute_error_resists_outliers(data, fit):
    spoiled = data.values.copy()
    spoiled[::10] = 100
    scores = [
        fit(
            MLPRegressor(
                loss=loss, hidden_layer_sizes=(16,), max_iter=150, learning_rate_init=0.01, random_state=0
            ),
            data.X,
            spoiled,
        ).score(data.X, data.values)
        for loss in ("squared_error", "mae")
    ]
    assert scores[0] < 0 < 0.6 < scores[1]


def test_several_quantiles_in_one_fit_uncrossed():
    random = np.random.RandomState(0)
    X = random.uniform(-1, 1, (3000, 1))
    y = X[:, 0] + random.normal(size=3000) * (1 + X[:, 0])
    levels = [0.1, 0.5, 0.9]
    model = MLPRegressor(
        loss=gn.Quantile(levels),
        hidden_layer_sizes=(16,),
        learning_rate_init=0.01,
        early_stopping=True,
        max_iter=100,
        random_state=0,
    ).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (3000, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    np.testing.assert_allclose((y[:, None] <= predicted).mean(axis=0), levels, atol=0.04)
    assert 0.1 < model.score(X, y) < 1
    assert max(model.validation_scores_) == model.best_validation_score_


def test_quantiles_of_two_targets(data, fit):
    model = fit(MLPRegressor(loss=gn.Quantile([0.2, 0.8]), max_iter=2), data.X, data.targets)
    assert model.predict(data.X).shape == (240, 4)
    assert model.n_outputs_ == 4
    assert np.isfinite(model.score(data.X, data.targets))


def test_label_smoothing_keeps_probabilities_from_the_ends(data, fit):
    for y in (data.binary, data.classes, data.multilabel):
        tops = [
            fit(
                MLPClassifier(
                    (32,), label_smoothing=a, max_iter=200, learning_rate_init=0.02, random_state=0
                ),
                data.X,
                y,
            )
            .predict_proba(data.X)
            .max()
            for a in (0.0, 0.3)
        ]
        assert tops[1] < 0.97 < tops[0]
    with pytest.raises(
        ValueError, match="label_smoothing needs a cross-entropy; MeanSquaredError takes none"
    ):
        MLPClassifier(loss="mse", label_smoothing=0.1).fit(data.X, data.binary)


# -- validation and stopping ----------------------------------------------------------------------


def test_a_validation_set_of_ones_own_and_its_curves(data, fit):
    X, Xv, y, yv = train_test_split(data.X, data.classes, random_state=0)
    model = MLPClassifier(
        (16,),
        early_stopping=True,
        metrics=["accuracy"],
        learning_rate_init=0.02,
        n_iter_no_change=5,
        random_state=0,
    ).fit(X, y, validation_data=(Xv, yv))
    assert {"loss", "val_loss", "accuracy", "val_accuracy", "val_score"} <= set(model.history_)
    assert model.history_["val_score"] == model.validation_scores_
    assert model.history_["val_accuracy"] == pytest.approx(model.validation_scores_)
    assert model.score(Xv, yv) == model.best_validation_score_ == max(model.validation_scores_)
    assert model.t_ == len(X) * model.n_iter_  # every row trained on
    only_curves = fit(MLPClassifier((4,), max_iter=3), X, y, validation_data=(Xv, yv, np.ones(len(yv))))
    assert len(only_curves.history_["val_loss"]) == 3
    assert only_curves.validation_scores_ is None


def test_bad_validation_sets(data):
    model = MLPClassifier((4,))
    with pytest.raises(ValueError, match=r"validation_data must be \(X, y\)"):
        model.fit(data.X, data.binary, validation_data=data.X)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        model.fit(data.X, data.binary, validation_data=(data.X, data.classes))
    with pytest.raises(ValueError, match="X has 2 features, but MLPClassifier is expecting 6"):
        model.fit(data.X, data.binary, validation_data=(data.X[:, :2], data.binary))
    with pytest.raises(ValueError, match="validation y has 2 targets, but y has 1"):
        MLPRegressor().fit(data.X, data.values, validation_data=(data.X, data.targets))


@pytest.mark.parametrize(
    "scoring",
    [
        "neg_log_loss",
        "roc_auc_ovr",
        "balanced_accuracy",
        make_scorer(f1_score, average="macro"),
        lambda e, X, y: e.score(X, y),
    ],
    ids=["log loss", "auc", "balanced", "f1", "callable"],
)
def test_any_scorer_decides_when_to_stop(scoring, data, fit):
    model = fit(
        MLPClassifier((8,), early_stopping=True, scoring=scoring, max_iter=8, random_state=0),
        data.X,
        data.classes,
    )
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_the_scorer_that_is_named_is_the_one_that_is_watched(data, fit):
    Xv, yv = data.X[180:], data.values[180:]
    model = fit(
        MLPRegressor(
            hidden_layer_sizes=(8,),
            early_stopping=True,
            max_iter=6,
            random_state=0,
            scoring="neg_mean_absolute_error",
        ),
        data.X[:180],
        data.values[:180],
        validation_data=(Xv, yv),
    )
    assert -np.abs(model.predict(Xv) - yv).mean() == pytest.approx(model.best_validation_score_)


def test_restore_best_may_be_switched_off(data, fit):
    X, Xv, y, yv = train_test_split(data.X, data.binary, random_state=0)
    models = [
        fit(
            MLPClassifier(
                (32,),
                early_stopping=True,
                restore_best=best,
                learning_rate_init=0.1,
                max_iter=40,
                n_iter_no_change=40,
                random_state=0,
                normalization="batch",
            ),
            X,
            y,
            validation_data=(Xv, yv),
        )
        for best in (True, False)
    ]
    assert models[0].validation_scores_ == models[1].validation_scores_
    assert models[0].score(Xv, yv) == max(models[0].validation_scores_)
    assert models[1].score(Xv, yv) == models[1].validation_scores_[-1] < max(models[1].validation_scores_)


def test_partial_fit_with_early_stopping_and_several_labels(data):
    X, Xv, y, yv = train_test_split(data.X, data.multilabel, random_state=0)
    model = MLPClassifier(
        (16,), early_stopping=True, n_iter_no_change=3, learning_rate_init=0.05, random_state=0
    )
    for _call in range(100):
        model.partial_fit(X, y, validation_data=(Xv, yv))
        if model.stopped_:
            break
    assert model.stopped_
    assert len(model.validation_scores_) == len(model.loss_curve_) == _call + 1 < 100
    assert model.score(Xv, yv) == model.best_validation_score_
    assert model.history_.n_epochs == _call + 1
    own_part = MLPRegressor(hidden_layer_sizes=(4,), early_stopping=True, random_state=0)
    own_part.partial_fit(data.X, data.values).partial_fit(data.X, data.values)
    assert len(own_part.validation_scores_) == 2
    assert not own_part.stopped_


# -- callbacks and progress -----------------------------------------------------------------------


def test_callbacks_of_glassnet(data, tmp_path, fit):
    stopping = gn.EarlyStopping(monitor="val_loss", patience=2)
    log = gn.CSVLog(tmp_path / "log.csv")
    model = MLPClassifier((32,), callbacks=[stopping, log], learning_rate_init=0.1, random_state=0)
    model.fit(data.X[:100], data.classes[:100], validation_data=(data.X[100:], data.classes[100:]))
    assert model.n_iter_ < 200
    assert "val_loss made no progress" in model.history_.stop_reason
    assert len((tmp_path / "log.csv").read_text().splitlines()) == model.n_iter_ + 1
    with pytest.raises(ValueError, match="callbacks must be glassnet Callback objects, got 'print'"):
        MLPClassifier(callbacks=["print"]).fit(data.X, data.binary)


def test_verbose_one_is_a_bar_and_two_a_line_an_epoch(data, capsys, fit):
    fit(MLPClassifier((4,), verbose=2, max_iter=3), data.X, data.binary)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", "1/3"], ["epoch", "2/3"], ["epoch", "3/3"]]
    fit(MLPClassifier((4,), verbose=True, max_iter=3), data.X, data.binary)
    assert "3/3" in capsys.readouterr().out
    fit(MLPClassifier((4,), max_iter=3), data.X, data.binary)
    assert capsys.readouterr().out == ""


def test_ctrl_c_keeps_what_was_learnt(data):
    class Interrupt(gn.callbacks.Callback):
        def on_epoch_end(self, training, logs):
            if training.epoch == 2:
                raise KeyboardInterrupt

    model = MLPClassifier((4,), callbacks=[Interrupt()], random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(data.X, data.binary)
    assert model.n_iter_ == 2
    assert len(model.predict(data.X)) == 240


# -- optimisers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(gn.optimizers.BY_NAME))
def test_every_optimizer_by_name(name, data, fit):
    rate = {"adadelta": 1.0, "lion": 0.003}.get(name, 0.02)
    model = fit(
        MLPClassifier((16,), optimizer=name, learning_rate_init=rate, max_iter=60, random_state=0),
        data.X,
        data.binary,
    )
    assert model.score(data.X, data.binary) > 0.8


def test_optimizer_objects_and_schedules(data, fit):
    model = fit(
        MLPRegressor(hidden_layer_sizes=(16,), optimizer=gn.AdamW(0.02, weight_decay=0.1), max_iter=40),
        data.X,
        data.values,
    )
    assert model.score(data.X, data.values) > 0.8
    schedule = gn.schedules.Exponential(0.1, decay=0.5)
    model = fit(
        MLPClassifier((4,), solver="sgd", learning_rate=schedule, batch_size=60, max_iter=2, random_state=0),
        data.X,
        data.binary,
    )
    assert model.history_["learning_rate"] == pytest.approx([schedule(3), schedule(7)])


def test_clipping_penalties_and_decay(data, fit):
    def weights(**parameters):
        given = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "learning_rate_init": 0.1, **parameters}
        model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=1, random_state=0, batch_size=240, **given)
        return fit(model, data.X, data.values * 100).network_.parameters.values

    start = weights(learning_rate_init=1e-12)
    assert np.linalg.norm(weights(clip_norm=0.5) - start) == pytest.approx(0.05)
    plain = weights()
    n_weights = 6 * 8 + 8
    np.testing.assert_allclose(
        (plain - weights(weight_decay=2.0))[:n_weights], 0.2 * start[:n_weights], atol=1e-9
    )
    np.testing.assert_allclose(
        (plain - weights(l1=24.0))[:n_weights], 0.01 * np.sign(start[:n_weights]), atol=1e-9
    )
    np.testing.assert_allclose((plain - weights(alpha=24.0))[:n_weights], 0.01 * start[:n_weights], atol=1e-9)
    np.testing.assert_allclose(
        (plain - weights(l1=24.0, weight_decay=2.0, alpha=3.0))[n_weights:], 0, atol=1e-12
    )
    with pytest.raises(ValueError, match="L-BFGS takes no clip_norm"):
        weights(solver="lbfgs", clip_norm=1.0)
    with pytest.raises(ValueError, match="L-BFGS needs the same loss at every call"):
        weights(solver="lbfgs", dropout=0.1)


def test_warm_start_keeps_the_moments_and_so_equals_one_long_fit(data):
    def model(epochs):
        return MLPClassifier(
            (8,), warm_start=True, keep_moments=True, shuffle=False, max_iter=epochs, random_state=0
        )

    with pytest.warns(ConvergenceWarning):
        long, short = model(6).fit(data.X, data.classes), model(3).fit(data.X, data.classes)
    with pytest.warns(ConvergenceWarning):
        short.fit(data.X, data.classes)
    np.testing.assert_array_equal(long.coefs_[0], short.coefs_[0])
    assert short.loss_curve_ == long.loss_curve_
    with pytest.raises(ValueError, match="layers cannot change between fits"):
        short.set_params(hidden_layer_sizes=(9,)).fit(data.X, data.classes)


def test_dtype(data, fit):
    for dtype in ("float32", "float64"):
        model = fit(MLPClassifier((4,), dtype=dtype, max_iter=2), data.X, data.binary)
        assert model.network_.dtype == model.predict_proba(data.X).dtype == model.coefs_[0].dtype == dtype


def test_a_seed_gives_the_same_bits(data, fit):
    runs = [
        fit(
            MLPClassifier(
                (8,), dropout=0.3, normalization="batch", early_stopping=True, max_iter=5, random_state=11
            ),
            data.X,
            data.classes,
        )
        for _ in range(2)
    ]
    assert runs[0].network_.parameters.values.tobytes() == runs[1].network_.parameters.values.tobytes()
    other = fit(MLPClassifier((8,), dropout=0.3, max_iter=5, random_state=12), data.X, data.classes)
    assert not np.array_equal(other.coefs_[0], runs[0].coefs_[0])


def test_scores_of_early_stopping_are_not_weighted_by_class(data, fit):
    weights = {"yes": 1e3, "no": 1.0}
    model = fit(
        MLPClassifier((), class_weight=weights, early_stopping=True, max_iter=3, random_state=0),
        data.X,
        data.binary,
    )
    assert all(round(score * 24, 6) % 1 == 0 for score in model.validation_scores_)  # shares of 24 rows
    named = fit(clone(model).set_params(scoring="accuracy"), data.X, data.binary)
    assert named.validation_scores_ == model.validation_scores_


def test_a_last_batch_of_one_row_under_batch_normalization(data, fit):
    model = fit(MLPClassifier((4,), normalization="batch", batch_size=239, max_iter=3), data.X, data.binary)
    assert np.isfinite(model.predict_proba(data.X)).all()


def test_a_zero_weight_batch_changes_nothing(data, fit):
    weight = np.r_[np.zeros(120), np.ones(120)]
    model = fit(
        MLPClassifier((4,), shuffle=False, batch_size=120, max_iter=2, solver="sgd", momentum=0.0),
        data.X,
        data.binary,
        sample_weight=weight,
    )
    assert np.isfinite(model.loss_)
