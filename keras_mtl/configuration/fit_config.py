"""The settings of a run."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from keras_mtl._core.declarations import Declaration, Widths, declaration
from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.registry import check_architecture
from keras_mtl.architectures.settings import ArchitectureSettings
from keras_mtl.auxiliary.helper import AuxiliaryHelper
from keras_mtl.features.feature import Feature
from keras_mtl.features.numeric import NumberEncoding
from keras_mtl.tables.expressions import parse_expression
from keras_mtl.tasks.label_transforms import LabelTransform
from keras_mtl.tasks.task import Task
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.transfer.settings import TransferSettings

__all__ = [
    "DataSettings",
    "FitConfig",
    "HeadSettings",
    "InputSettings",
    "ModelSettings",
    "OutputSettings",
    "ReportSettings",
]

Rate = Annotated[float, Field(ge=0, lt=1)]
ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]


@declaration
class DataSettings(Declaration):
    """The source of the rows, and their split.

    Args:
        path: A file of CSV, JSON lines or Parquet; a folder of such files, which
            is streamed; an address that fsspec opens, such as a URL; or `-` for
            the standard input. None is the embedded heart data.
        test_path: The test rows, from a place like that of `path`.
        test_fraction: The share of rows that are held out, without a `test_path`.
        group: A column; rows with the same value stay on one side of every split.
        detect_groups: Whether, without a `group`, runs of rows that look like records
            of one person or thing stay on one side of every split. A warning reports
            them.
        sample_weight: A column with the weight of each row in the training losses,
            numbers of at least 0. It is not a feature.
        missing: Texts that mean a missing value, in addition to the usual ones.
        decimal_mark: The decimal mark of numbers, `","` or `"."`; by default inferred
            from the numbers.
        computed: Expressions of computed columns by name, such as `"pulse >= 220 -
            age"`. Computed columns can only be labels. See `parse_expression`.
    """

    path: str | None = None
    test_path: str | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    group: str | None = None
    detect_groups: bool = True
    sample_weight: str | None = None
    missing: tuple[str, ...] = ()
    decimal_mark: Literal[",", "."] | None = None
    computed: dict[str, str] = Field(default_factory=dict)

    @field_validator("computed")
    @classmethod
    def _check_expressions(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            try:
                parse_expression(text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return value


@declaration
class InputSettings(Declaration):
    """The columns that are features, and the encoding of those not declared.

    Args:
        columns: The feature columns. By default all columns that are not labels.
        drop: Columns that are not features.
        numeric: Columns that are numbers.
        boolean: Columns of yes or no.
        date: Columns that are dates.
        categorical: Columns of categories, even if they look like numbers.
        missing_values: The numbers that mean a missing value, by column of a feature or
            label.
        encoding: The encoding of categories: `"one_hot"`, one column per category, or
            `"ordinal"`, one column of numbers.
        numeric_encoding: The encoding of numbers: see `NumericFeature`.
        missing_flags: Whether a separate column marks the missing values of a feature.
        maximum_levels: A number with at most this many distinct whole values also has
            one column per value; 0 for no such columns.
        numeric_embedding: The function of each number that the network learns in
            addition to its weights: `"ple"`, piecewise linear; `"pbld"`, periodic; or
            `"none"`. See `keras_mtl.NumericFeature`.
        embed_above: A column with more categories than this has one trained vector per
            category and is not one-hot encoded; 0 never embeds.
    """

    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    boolean: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    missing_values: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    encoding: Literal["one_hot", "ordinal"] = "one_hot"
    numeric_encoding: NumberEncoding = "standard"
    missing_flags: bool = True
    maximum_levels: Annotated[int, Field(ge=0)] = 10
    numeric_embedding: Literal["none", "ple", "pbld"] = "none"
    embed_above: Annotated[int, Field(ge=0)] = 100


@declaration
class ModelSettings(ArchitectureSettings):
    """The network.

    Args:
        trunk: The widths of the shared layers.
        activation: The activation of all hidden layers.
        dropout: The dropout rate after each layer of the trunk.
        input_dropout: The dropout rate of the encoded features.
        batch_norm: Whether hidden layers have a batch normalization.
        input_scaling: Whether each encoded feature is multiplied by a trained factor
            before the first layer.
        name: The name under which the model is served.
        architecture: How the tasks share layers: a name in
            `keras_mtl.architectures.ARCHITECTURES`, with settings if any, as
            `"NAME:setting=value"` or as a table with a `name`.
    """

    name: ModelName = "multi_task"
    architecture: Annotated[NamedSettings, BeforeValidator(check_architecture)] = (
        NamedSettings("hard-sharing")
    )


@declaration
class HeadSettings(Declaration):
    """Defaults of the tasks, for the keys that a task does not set.

    Args:
        widths: The widths of a head's hidden layers.
        label_smoothing: The share of each label that goes to the other classes,
            in classification tasks.
        transform: The scale on which regression tasks learn: see `RegressionTask`.
        clip: Whether regression tasks predict within the range of the training
            labels.
    """

    widths: Widths = (16,)
    label_smoothing: Rate = 0.0
    transform: LabelTransform = "none"
    clip: bool = False


@declaration
class OutputSettings(Declaration):
    """The place where the run is written.

    Args:
        folder: The run folder. By default a new one in `runs/`.
        overwrite: Whether an existing run folder is replaced.
    """

    folder: str | None = None
    overwrite: bool = False


@declaration
class ReportSettings(Declaration):
    """The parts of the report that take time.

    Args:
        importance_repeats: The number of times that each feature is shuffled over
            held-out rows, to measure its importance; 0 leaves importance out.
    """

    importance_repeats: Annotated[int, Field(ge=0, le=1000)] = 3


@declaration
class FitConfig(Declaration):
    """All settings of a run.

    Args:
        preset: The recipe that chooses the settings that are not given.
        seed: The seed of the split, the initial weights and the order of batches.
        data: See `DataSettings`.
        inputs: See `InputSettings`.
        model: See `ModelSettings`.
        heads: See `HeadSettings`.
        training: See `TrainingSettings`.
        report: See `ReportSettings`.
        transfer: See `TransferSettings`.
        output: See `OutputSettings`.
        tasks: The tasks to predict.
        auxiliary: The helpers that make auxiliary tasks once the data are read.
        features: The features that are declared; others are inferred.
        by_rule: The names of the settings that were not given and that the rule of the
            preset chooses once the rows are read, such as `"training.epochs"`.
        by_validation: The names of the settings that a fit chooses by the loss on
            validation rows. See `keras_mtl.runs.choose_by_validation`.
    """

    preset: Literal["default", "fast", "best", "article"] = "default"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    data: DataSettings = DataSettings()
    inputs: InputSettings = InputSettings()
    model: ModelSettings = ModelSettings()
    heads: HeadSettings = HeadSettings()
    training: TrainingSettings = TrainingSettings()
    report: ReportSettings = ReportSettings()
    transfer: TransferSettings = TransferSettings()
    output: OutputSettings = OutputSettings()
    tasks: tuple[Task, ...] = ()
    auxiliary: tuple[AuxiliaryHelper, ...] = ()
    features: tuple[Feature, ...] = ()
    by_rule: tuple[str, ...] = ()
    by_validation: tuple[str, ...] = ()
