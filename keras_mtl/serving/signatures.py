"""The functions that a served model answers requests with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keras_mtl.errors import UserError
from keras_mtl.serving.answers import ServedAnswer, serve_answer
from keras_mtl.serving.example_parsing import parse_examples
from keras_mtl.serving.request_values import clean_request, stack_request
from keras_mtl.serving.shared_representation import shared_representation
from keras_mtl.training import MultiTaskModel

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "CLASSIFY",
    "PREDICT",
    "REGRESS",
    "Signature",
    "build_signatures",
]

PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


@dataclass(frozen=True)
class Signature:
    """One way to ask the model.

    Attributes:
        method: The kind of request, by the name that the server checks.
        function: From tensors to a dict of tensors.
        inputs: By input name its dtype; all are of shape (N,).
        summary: What it answers, for people.
    """

    method: str
    function: Callable[..., dict[str, tf.Tensor]]
    inputs: dict[str, str]
    summary: str

    def tensor_specs(self) -> list[dict[str, tf.TensorSpec]]:
        """Returns the function's arguments as TensorFlow saves them.

        They are called `input_0`, ... there: TensorFlow makes Python names of
        them, and refuses `class`, `self` and two that differ by case.
        """
        import tensorflow as tf

        return [
            {
                name: tf.TensorSpec((None,), dtype, name=f"input_{index}")
                for index, (name, dtype) in enumerate(self.inputs.items())
            }
        ]


def build_signatures(model: MultiTaskModel) -> dict[str, Signature]:
    """Builds all signatures of a raw-feature model.

    Args:
        model: A model whose inputs are raw features.

    Returns:
        By name: `serving_default`, from features to all tasks' answers;
        `classify_TASK` or `regress_TASK`, from `tf.Example`s to one task's;
        and `features`, from features to the representation that the tasks
        share.

    Raises:
        UserError: When two answers would have the same name.

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

    # One row of zeros tells which kinds of request a task answers.
    samples = {
        task.name: serve_answer(task, tf.zeros((1, task.units))) for task in model.tasks
    }
    _check_output_names(samples)
    raw = {feature.name: feature.dtype for feature in model.features}
    examples = {"inputs": "string"}
    answer = _answer(model)
    answer_examples = _answer_examples(model, answer)
    signatures = {
        "serving_default": Signature(
            PREDICT, _predict(model, answer), raw, "the answers of all tasks"
        )
    }
    for name, sample in samples.items():
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
    shared = shared_representation(model)
    if shared is not None:
        signatures["features"] = Signature(
            PREDICT,
            _represent(model, shared.model),
            raw,
            {
                "trunk": "the output of the trunk that all tasks share",
                "trunks": "the outputs of the members' trunks, side by side",
                "inputs": "the encoded features, as the tasks share no later tensor",
            }[shared.source],
        )
    return signatures


# By task name the fields of a `ServedAnswer`: a traced function returns no
# other class.
_Answer = Callable[[Any], dict[str, dict[str, Any]]]


def _answer(model: MultiTaskModel) -> _Answer:
    """Makes the function that all signatures share, which is traced once.

    It takes the request as matrices: a graph has a node for each argument.
    """
    import tensorflow as tf

    def answer(matrices: dict) -> dict[str, dict[str, Any]]:
        outputs = model(clean_request(model.features, matrices), training=False)
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


def _represent(model: MultiTaskModel, shared: Any) -> Callable[..., dict]:
    def represent(inputs: dict) -> dict:
        values = clean_request(model.features, stack_request(model.features, inputs))
        return {"features": shared(values, training=False)}

    return represent


def _check_output_names(answers: dict[str, ServedAnswer]) -> None:
    names = [name for answer in answers.values() for name in answer.outputs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(
            f"expected tasks whose answers have names of their own; received two "
            f"answers called {', '.join(twice)}. Rename a task."
        )
