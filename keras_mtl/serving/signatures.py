"""The signatures of a served model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from keras_mtl.errors import UserError
from keras_mtl.model import MultiTaskModel
from keras_mtl.serving.answers import ServedAnswer, serve_answer
from keras_mtl.serving.example_parsing import parse_examples
from keras_mtl.serving.network import Network, build_network
from keras_mtl.serving.request_values import clean_request, stack_request

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "CLASSIFY",
    "PREDICT",
    "REGRESS",
    "TASKS_WITH_SIGNATURES",
    "Signature",
    "build_signatures",
    "python_keywords",
]

PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"

# With more tasks, the list of signatures would be too long for a client, and each
# signature would be a copy of the graph.
TASKS_WITH_SIGNATURES = 20


@dataclass(frozen=True)
class Signature:
    """One signature of a served model.

    Attributes:
        method: The kind of request, by the name that the server checks.
        function: A function from a dict of tensors to a dict of tensors.
        inputs: The dtypes by input name. All inputs have the shape (N,), or (N, 1) in a
            predict request.
        summary: A description of the outputs, for people.
    """

    method: str
    function: Callable[..., dict[str, tf.Tensor]]
    inputs: dict[str, str]
    summary: str

    @functools.cached_property
    def keywords(self) -> dict[str, str]:
        """The keyword arguments of `tf.saved_model.load`'s signature, by input name."""
        return python_keywords(self.inputs)

    def tensor_specs(self) -> list[dict[str, tf.TensorSpec]]:
        """Return the arguments of the function for saving."""
        import tensorflow as tf

        # Any rank: TensorFlow then accepts (N, 1) in place of (N,).
        shape = None if self.method == PREDICT else (None,)
        keywords = self.keywords
        return [
            {
                name: tf.TensorSpec(shape, dtype, name=keywords[name])
                for name, dtype in self.inputs.items()
            }
        ]


def python_keywords(names: Iterable[str]) -> dict[str, str]:
    """Return a name per input that is valid as an argument of a function.

    The name is unchanged, except for Python's keywords, and for names that differ only
    in case from an earlier name. TensorFlow ignores the case.

    Args:
        names: The names of the inputs, of letters, digits and `_`.

    Example:

    >>> python_keywords(["age", "lambda", "Chol", "chol"])
    {'age': 'age', 'lambda': 'lambda_', 'Chol': 'Chol', 'chol': 'chol_2'}
    """
    keywords: dict[str, str] = {}
    names = list(names)
    # Valid names are unchanged, also if an earlier name needs a change.
    taken = {name.lower() for name in names}
    seen: set[str] = set()
    for name in names:
        keyword = name
        if not name.isidentifier():
            keyword = f"_{name}"
        elif iskeyword(name):
            keyword = f"{name}_"
        if name.lower() in seen or (keyword != name and keyword.lower() in taken):
            stem, number = keyword, 2
            while f"{stem}_{number}".lower() in taken:
                number += 1
            keyword = f"{stem}_{number}"
        seen.add(name.lower())
        taken.add(keyword.lower())
        keywords[name] = keyword
    return keywords


def build_signatures(
    model: MultiTaskModel, network: Network | None = None
) -> dict[str, Signature]:
    """Build all signatures of a model of raw features.

    Args:
        model: A model whose inputs are raw features.
        network: The functions of the model; by default they are built.

        Returns:
            The signatures by name: `serving_default`, from features to the outputs of
                all
            tasks; `classify_TASK` or `regress_TASK`, from `tf.Example`s to the outputs
            of one task, with at most `TASKS_WITH_SIGNATURES` tasks; and `features`,
            from features to the shared representation.

    Raises:
        UserError: If two outputs would have the same name.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.features import NumericFeature
    >>> from keras_mtl.tasks import BinaryTask
    >>> features = [NumericFeature("age", missing_share=0.0)]
    >>> model = build_hard_sharing(features, [BinaryTask("heart")])
    >>> list(build_signatures(model))
    ['serving_default', 'classify_heart', 'features']
    """
    import tensorflow as tf

    # One row of zeros shows which kinds of requests a task supports.
    samples = {
        task.name: serve_answer(task, tf.zeros((1, task.units))) for task in model.tasks
    }
    _check_output_names(samples)
    raw = {feature.name: feature.dtype for feature in model.features}
    examples = {"inputs": "string"}
    network = network or build_network(model)
    answer = _answer(model, network)
    answer_examples = _answer_examples(model, answer)
    signatures = {
        "serving_default": Signature(
            PREDICT, _predict(model, answer), raw, "the answers of all tasks"
        )
    }
    few = samples if len(samples) <= TASKS_WITH_SIGNATURES else {}
    for name, sample in few.items():
        if sample.scores is not None:
            signatures[f"classify_{name}"] = Signature(
                CLASSIFY,
                _classify(answer_examples, name),
                examples,
                f"the probability of each class of {name}, from tf.Examples",
            )
        if sample.value is not None:
            signatures[f"regress_{name}"] = Signature(
                REGRESS,
                _regress(answer_examples, name),
                examples,
                f"the value of {name}, from tf.Examples",
            )
    if network.represent is not None:
        signatures["features"] = Signature(
            PREDICT,
            _represent(model, network.represent),
            raw,
            {
                "trunk": "the output of the trunk that all tasks share",
                "trunks": "the outputs of the members' trunks, side by side",
                "inputs": "the encoded features, as the tasks share no later tensor",
            }[network.source],
        )
    return signatures


# The fields of a `ServedAnswer` by task name, because a traced function cannot return
# objects of other classes.
_Answer = Callable[[Any], dict[str, dict[str, Any]]]


def _answer(model: MultiTaskModel, network: Network) -> _Answer:
    """Make the function that all signatures share; it is traced once.

    The request consists of matrices, because a graph has one node per argument.
    """
    import tensorflow as tf

    def answer(matrices: dict) -> dict[str, dict[str, Any]]:
        outputs = network.predict(clean_request(model.features, matrices))
        return {
            task.name: vars(serve_answer(task, outputs[task.name]))
            for task in model.tasks
        }

    return tf.function(answer, autograph=False)


def _answer_examples(model: MultiTaskModel, answer: _Answer) -> _Answer:
    import tensorflow as tf

    def answer_examples(inputs: dict) -> dict[str, dict[str, Any]]:
        return answer(parse_examples(inputs["inputs"], model.features))

    return tf.function(answer_examples, autograph=False)


def _predict(model: MultiTaskModel, answer: _Answer) -> Callable[..., dict]:
    def predict(inputs: dict) -> dict:
        answers = answer(stack_request(model.features, inputs))
        return {
            name: value
            for answered in answers.values()
            for name, value in answered["outputs"].items()
        }

    return predict


def _classify(answer_examples: _Answer, task: str) -> Callable[..., dict]:
    def classify(inputs: dict) -> dict:
        answered = answer_examples(inputs)[task]
        return {"classes": answered["classes"], "scores": answered["scores"]}

    return classify


def _regress(answer_examples: _Answer, task: str) -> Callable[..., dict]:
    def regress(inputs: dict) -> dict:
        return {"outputs": answer_examples(inputs)[task]["value"]}

    return regress


def _represent(
    model: MultiTaskModel, represent: Callable[[Any], tf.Tensor]
) -> Callable[..., dict]:
    def represent_request(inputs: dict) -> dict:
        values = clean_request(model.features, stack_request(model.features, inputs))
        return {"features": represent(values)}

    return represent_request


def _check_output_names(answers: dict[str, ServedAnswer]) -> None:
    names = [name for answer in answers.values() for name in answer.outputs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(
            f"expected tasks whose answers have names of their own; received two "
            f"answers called {', '.join(twice)}. Rename a task."
        )
