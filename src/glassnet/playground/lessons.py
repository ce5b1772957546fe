"""Ten lessons: each a set-up that shows one phenomenon, with a few sentences on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LESSONS", "Lesson"]


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes:
        name: short, for links; title: for readers.
        text: what happens, and why; look: what to look at, and what to try.
        setup: a set-up, to be completed.
    """

    name: str
    title: str
    text: str
    look: str
    setup: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the lesson as JSON-able data; its text in two paragraphs."""
        text = [self.text, self.look]
        return {"name": self.name, "title": self.title, "text": text, "look": self.look, "setup": self.setup}


def _layers(*units: int, **options: Any) -> list[dict[str, Any]]:
    return [{"units": n, **options} for n in units]


_SPIRAL = {"name": "spiral", "n": 300, "classes": 3, "noise": 0.1}
_CIRCLES = {"name": "circles", "n": 300, "noise": 0.1}

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "one-neuron",
        "One neuron draws one line",
        "A single neuron adds up its weighted inputs and its bias, and the sigmoid turns the sum into a "
        "probability. Where the sum is zero the probability is one half: that is a straight line. Training "
        "turns and shifts the line until the two clouds lie on either side of it.",
        "Run it and watch the border turn. Then pause, click one of the two edges and change its weight: "
        "the line turns. Change the bias: it shifts. Doubling everything leaves the line where it is and "
        "only makes the network surer of itself.",
        {
            "data": {"name": "gaussians", "n": 200, "classes": 2, "noise": 0.35},
            "layers": [],
            "loss": "sigmoid_cross_entropy",
            "optimizer": {"name": "sgd", "learning_rate": 0.1},
        },
    ),
    Lesson(
        "xor",
        "XOR needs a hidden layer",
        "Here the classes lie in opposite corners, and no straight line parts them: a network without a "
        "hidden layer stays near 50 %, however long it trains. Hidden neurons draw several lines, and the "
        "output neuron puts the pieces together.",
        "Run it and see the accuracy stay where it is. Then add a hidden layer of 8 neurons: after some "
        "fifty epochs more than 90 % are right. The small pictures in the neurons show which line each of "
        "them has drawn. Or take the layer away again and add the feature x·y instead: that solves it alone.",
        {
            "data": {"name": "xor", "n": 200, "noise": 0.0},
            "layers": [],
            "loss": "sigmoid_cross_entropy",
            "optimizer": {"name": "adam", "learning_rate": 0.03},
        },
    ),
    Lesson(
        "learning-rate",
        "The learning rate can be too high",
        "Two networks start from the same weights. The second learns with a rate of 0.3, the first with 30: "
        "its steps are so long that they leap over the valley they are looking for, and land higher up on "
        "the other side.",
        "Compare the two loss curves: one falls smoothly, the other leaps up and down and ends far above "
        "it. Look at the ratio of update to weight (under Ratios, choose it): about a thousandth is healthy, "
        "near one every step throws away what was learnt. Lower the rate to 3, then to 0.03, which is too "
        "slow.",
        {
            "data": {"name": "moons", "n": 300, "noise": 0.15},
            "layers": _layers(16, activation="tanh"),
            "optimizer": {"name": "sgd", "learning_rate": 30.0},
            "compare": {"optimizer": {"name": "sgd", "learning_rate": 0.3}},
        },
    ),
    Lesson(
        "symmetry",
        "A symmetric start stays symmetric",
        "All weights start at zero. Then all neurons of the layer compute the same, get the same gradient, "
        "and take the same step: eight neurons that are one. Random first weights are there to make them "
        "differ.",
        "The eight small pictures stay the same for ever, and the circle is not found; the accuracy stays "
        "near 50 %. Set one single weight by hand: from then on that neuron goes its own way. Then choose "
        "the default initialiser and start anew: nearly all points are right after 150 epochs.",
        {
            "data": _CIRCLES,
            "layers": _layers(8, activation="sigmoid", initializer="zeros"),
            "optimizer": {"name": "adam", "learning_rate": 0.03},
        },
    ),
    Lesson(
        "vanishing-gradient",
        "The gradient vanishes in a deep network",
        "Eight layers of sigmoids. On its way down the gradient is multiplied in each layer by the slope of "
        "the sigmoid, which is a quarter at most. After eight layers next to nothing is left: the first "
        "layers do not learn, and those above them get inputs that say nothing.",
        "Look at the histograms of the gradients: each layer's is narrower than that of the one above, and "
        "the first four are marked as vanishing. The accuracy stays at chance. Then choose relu in all "
        "layers and a learning rate of 0.1: its slope is 1, the gradient arrives, and the network learns.",
        {
            "data": _SPIRAL,
            "layers": _layers(*[8] * 8, activation="sigmoid"),
            "optimizer": {"name": "sgd", "learning_rate": 0.5},
        },
    ),
    Lesson(
        "dead-relu",
        "Dead ReLUs",
        "A ReLU gives 0 wherever its sum is negative, and its slope there is 0 too. One step that is too "
        "long can push a neuron so far that its sum is negative for every point: then it gets no gradient, "
        "and never comes back. It is dead.",
        "After some epochs most neurons are marked dead: their small pictures are blank, and the loss does "
        "not fall any more. Rewind to epoch 0 and step through the first epochs to see when it happens. "
        "Then lower the learning rate to 0.05: the dead stay dead. Reset with the same weights: now nearly "
        "all neurons live, and over 90 % of the points come out right.",
        {
            "data": _SPIRAL,
            "layers": _layers(16, 16),
            "optimizer": {"name": "sgd", "learning_rate": 1.0, "momentum": 0.9},
        },
    ),
    Lesson(
        "overfitting",
        "Learning by heart: overfitting, and what helps",
        "Sixty noisy points and two layers of 64 neurons: enough weights to learn every point by heart, the "
        "noise too. The training loss goes to zero, while the loss on the test points, which the network "
        "never sees, rises and rises.",
        "Watch the two curves part, and islands grow around single points. Then set the L2 penalty to 0.01 "
        "and start anew: large weights cost, so that the border stays smooth, and the test loss stays low. "
        "Or give both layers a dropout of 0.5: neurons that come and go cannot agree on islands so easily.",
        {
            "data": {"name": "moons", "n": 120, "noise": 0.35},
            "train_share": 0.5,
            "layers": _layers(64, 64),
            "optimizer": {"name": "adam", "learning_rate": 0.01},
        },
    ),
    Lesson(
        "momentum-and-adam",
        "Down a ravine: momentum and Adam against plain descent",
        "The loss is often a ravine: steep across, almost level along. Plain gradient descent must take "
        "steps short enough for the steep walls, and hardly moves along the floor. Momentum adds up what "
        "all steps have in common; Adam gives each weight a step of its own length.",
        "Both networks start from the same weights. After 150 epochs plain SGD is at some 55 %, Adam above "
        "95 %. Then choose SGD with a momentum of 0.9 for the second one: at the same rate of 0.03 it comes "
        "to about 95 % as well.",
        {
            "data": _SPIRAL,
            "layers": _layers(16, activation="tanh"),
            "optimizer": {"name": "sgd", "learning_rate": 0.03},
            "compare": {"optimizer": {"name": "adam", "learning_rate": 0.01}},
        },
    ),
    Lesson(
        "batch-normalisation",
        "Batch normalisation brings a deep network to life",
        "Six layers of sigmoids, which alone would not learn at all. Here the sums of every layer are "
        "brought to mean 0 and deviation 1 over the minibatch before they go into the sigmoid: in its "
        "middle, where its slope is greatest.",
        "No layer is marked as vanishing, and within 150 epochs the spiral is learnt. The curves shake, for "
        "every minibatch has a mean of its own. Turn batch normalisation off in all layers: the accuracy "
        "stays at chance.",
        {
            "data": _SPIRAL,
            "layers": _layers(*[16] * 6, activation="sigmoid", batch_norm=True),
            "optimizer": {"name": "sgd", "learning_rate": 0.3},
        },
    ),
    Lesson(
        "early-stopping",
        "Noise in the data, and when to stop",
        "The three clouds overlap: some points lie among those of another class, and no network can know "
        "better. One that goes on training begins to fit just these points. Its best moment is early.",
        "The test loss is lowest within the first epochs, then rises for good, though the training loss "
        "keeps falling. Pause, find the lowest point of the test curve, and rewind to that epoch: that is "
        "early stopping, and the border there is the smooth one. glassnet does it by itself with "
        "gn.EarlyStopping().",
        {
            "data": {"name": "gaussians", "n": 200, "classes": 3, "noise": 0.6},
            "train_share": 0.5,
            "layers": _layers(64, 64),
            "optimizer": {"name": "adam", "learning_rate": 0.005},
        },
    ),
)
"""The lessons in their order."""
