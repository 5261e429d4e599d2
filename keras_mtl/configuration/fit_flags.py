"""The flags of a fit, most of which other commands take too."""

from keras_mtl.configuration.command_line import IMPORT_FLAG, Flag

__all__ = ["FLAGS"]

FLAGS = (
    Flag(
        "--config",
        "config",
        "Read settings from this TOML file; flags win over it.",
        metavar="FILE",
    ),
    IMPORT_FLAG,
    Flag(
        "--preset",
        "preset",
        "Start from this recipe: default, fast, best or article.",
        metavar="NAME",
    ),
    Flag("--out", "output.folder", "Write the run to this folder.", metavar="DIR"),
    Flag(
        "--overwrite",
        "output.overwrite",
        "Replace the run folder if it is there.",
        form="switch",
    ),
    Flag("--resume", "resume", "Resume an interrupted run.", form="switch"),
    Flag(
        "--seed",
        "seed",
        "Seed the split, the initial weights and the order of batches.",
        metavar="N",
    ),
    Flag("--quiet", "quiet", "Show nothing but warnings and errors.", form="switch"),
    # Data
    Flag(
        "--data",
        "data.path",
        "Read the rows from a file of CSV, JSON lines or Parquet, a folder of them, a "
        "URL, or - for the standard input; by default the heart data.",
        metavar="PATH",
    ),
    Flag(
        "--test-data",
        "data.test_path",
        "Test on these rows, from a place like that of --data, and train on all of "
        "--data.",
        metavar="PATH",
    ),
    Flag(
        "--test-fraction",
        "data.test_fraction",
        "Hold out this share of the rows to test on.",
        metavar="X",
    ),
    Flag(
        "--group",
        "data.group",
        "Keep rows with the same value of this column on one side of every split.",
        metavar="COLUMN",
    ),
    Flag(
        "--sample-weight",
        "data.sample_weight",
        "Weigh each row in training by the number in this column.",
        metavar="COLUMN",
    ),
    Flag(
        "--missing",
        "data.missing",
        "Read this text as a missing cell, beside the usual ones.",
        form="repeat",
    ),
    Flag(
        "--decimal-mark",
        "data.decimal_mark",
        "Read numbers with this decimal mark, a comma or a point.",
        metavar="MARK",
    ),
    Flag(
        "--compute",
        "data.computed",
        "Compute this column from others, for the labels of a task.",
        form="entry",
        metavar="NAME=EXPRESSION",
    ),
    # Tasks and features
    Flag(
        "--task",
        "tasks",
        "Predict this; the kind is binary, multiclass, regression, multilabel or a "
        "plugin's. A binary task may have a rule: heart:binary:num>0.",
        form="repeat",
        metavar="NAME:KIND[:COLUMN]",
    ),
    Flag(
        "--auxiliary",
        "auxiliary",
        "Train on this task too, for the sake of the others: it is not predicted, "
        "and its column is not an input.",
        form="repeat",
        metavar="NAME:KIND[:COLUMN]",
    ),
    Flag(
        "--feature",
        "features",
        "Predict from this column as a feature of this kind: numeric, boolean, date, "
        "categorical or a plugin's.",
        form="repeat",
        metavar="COLUMN:KIND[:SETTING=VALUE,...]",
    ),
    Flag(
        "--columns",
        "inputs.columns",
        "Predict from these columns alone.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--drop",
        "inputs.drop",
        "Leave these columns out of the features.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--numeric",
        "inputs.numeric",
        "Read these columns as numbers.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--boolean",
        "inputs.boolean",
        "Read these columns as yes or no.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--date",
        "inputs.date",
        "Read these columns as dates, in whichever way all of them are written.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--categorical",
        "inputs.categorical",
        "Read these columns as categories, even if they look like numbers.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--missing-value",
        "inputs.missing_values",
        "Read this number in this column as missing.",
        form="entry",
        metavar="COLUMN=NUMBER",
    ),
    Flag(
        "--encoding",
        "inputs.encoding",
        "Encode categories as one_hot or ordinal.",
        metavar="NAME",
    ),
    Flag(
        "--numeric-encoding",
        "inputs.numeric_encoding",
        "Scale numbers as standard, robust or quantile.",
        metavar="NAME",
    ),
    Flag(
        "--missing-flags",
        "inputs.missing_flags",
        "Give the network a column that says which values are missing.",
        form="switch",
    ),
    Flag(
        "--numeric-embedding",
        "inputs.numeric_embedding",
        "Learn a function of each number before the trunk: none, ple (piecewise "
        "linear) or pbld (periodic).",
        metavar="NAME",
    ),
    Flag(
        "--embed-above",
        "inputs.embed_above",
        "Learn a vector for each word of a column of more words than this; 0 for none.",
        metavar="N",
    ),
    # A trained trunk
    Flag(
        "--from",
        "transfer.run",
        "Train the tasks on the trunk and the encoder of this run.",
        metavar="RUN",
    ),
    Flag(
        "--frozen-epochs",
        "transfer.frozen_epochs",
        "Freeze this trunk in so many epochs of the fit, the first ones.",
        metavar="N",
    ),
    Flag(
        "--trunk-rate",
        "transfer.trunk_rate",
        "Let this trunk learn at the learning rate times this number after that.",
        metavar="X",
    ),
    Flag(
        "--transfer-head",
        "transfer.head",
        "Put a network on this trunk, or a bayesian head in closed form.",
        metavar="NAME",
    ),
    # Model
    Flag("--name", "model.name", "Serve the model under this name.", metavar="NAME"),
    Flag(
        "--architecture",
        "model.architecture",
        "Share layers between the tasks in this way, for example "
        "ple:levels=2,experts=4. docs/architectures.md lists the ways.",
        metavar="NAME[:SETTING=VALUE,...]",
    ),
    Flag(
        "--trunk",
        "model.trunk",
        "Give the shared layers these widths.",
        form="list",
        metavar="32,64",
    ),
    Flag(
        "--head",
        "head_widths",
        "Give the hidden layers of this task's head these widths.",
        form="entry",
        metavar="TASK=32,16",
    ),
    Flag(
        "--head-widths",
        "heads.widths",
        "Give the hidden layers of all other heads these widths.",
        form="list",
        metavar="16,8",
    ),
    Flag(
        "--activation",
        "model.activation",
        "Use this activation in all hidden layers.",
        metavar="NAME",
    ),
    Flag(
        "--dropout",
        "model.dropout",
        "Drop this share of units after each layer of the trunk.",
        metavar="X",
    ),
    Flag(
        "--input-dropout",
        "model.input_dropout",
        "Drop this share of the encoded features.",
        metavar="X",
    ),
    Flag(
        "--batch-norm",
        "model.batch_norm",
        "Normalize the hidden layers.",
        form="switch",
    ),
    Flag(
        "--input-scaling",
        "model.input_scaling",
        "Learn a factor for each encoded feature before the first layer.",
        form="switch",
    ),
    # Training
    Flag(
        "--members",
        "training.members",
        "Train this many networks and average their predictions.",
        metavar="N",
    ),
    Flag("--epochs", "training.epochs", "Train at most this many epochs.", metavar="N"),
    Flag(
        "--batch-size",
        "training.batch_size",
        "Take this many rows for one update.",
        metavar="N",
    ),
    Flag(
        "--learning-rate",
        "training.learning_rate",
        "Start with this learning rate.",
        metavar="X",
    ),
    Flag(
        "--schedule",
        "training.schedule",
        "Change the learning rate over the epochs: constant or cosine.",
        metavar="NAME",
    ),
    Flag(
        "--weighting",
        "training.weighting",
        "Balance the tasks by this method, such as sum, pcgrad or cagrad:c=0.4.",
        metavar="NAME[:SETTING=VALUE,...]",
    ),
    Flag(
        "--weight-decay",
        "training.weight_decay",
        "Decay the kernels by this, times the learning rate, at each update.",
        metavar="X",
    ),
    Flag(
        "--patience",
        "training.patience",
        "Stop after this many epochs without a better validation loss; 0 trains all.",
        metavar="N",
    ),
    Flag(
        "--validation-fraction",
        "training.validation_fraction",
        "Validate each member on this share of the training rows.",
        metavar="X",
    ),
    Flag(
        "--watch-conflict",
        "training.watch_conflict",
        "Record how the tasks' gradients conflict.",
        form="switch",
    ),
    Flag(
        "--importance-repeats",
        "report.importance_repeats",
        "Shuffle each feature this many times to measure its importance; 0 for none.",
        metavar="N",
    ),
    Flag(
        "--calibration",
        "training.calibration",
        "Learn a temperature for each task's probabilities from validation rows: none "
        "or temperature.",
        metavar="NAME",
    ),
    Flag(
        "--threshold",
        "thresholds",
        "Predict the positive class of this task from this probability on, or from the "
        "one that serves an aim best on validation rows.",
        form="entry",
        metavar="TASK=NUMBER|AIM",
    ),
    Flag(
        "--coverage",
        "training.coverage",
        "Predict for each task the set of classes, or the interval, that holds the "
        "label with this probability.",
        metavar="X",
    ),
    Flag(
        "--joint-coverage",
        "training.joint_coverage",
        "Let the sets of all tasks of a row hold together with that probability.",
        form="switch",
    ),
    Flag(
        "--label-smoothing",
        "heads.label_smoothing",
        "Give this part of each class label to the other classes.",
        metavar="X",
    ),
    Flag(
        "--transform",
        "heads.transform",
        "Learn numbers on the scale none, log, quantile or auto (by their skewness).",
        metavar="NAME",
    ),
    Flag(
        "--clip",
        "heads.clip",
        "Predict numbers within the range of training labels.",
        form="switch",
    ),
    Flag(
        "--loss-weight",
        "loss_weights",
        "Multiply this task's loss by this number in the total.",
        form="entry",
        metavar="TASK=X",
    ),
    Flag(
        "--class-weight",
        "training.class_weights",
        "Weigh this task's rows in training by their class.",
        form="entry",
        metavar="TASK=balanced|CLASS:X,...",
    ),
)
