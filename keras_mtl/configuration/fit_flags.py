"""The flags of a fit, most of which other commands take too."""

from keras_mtl.configuration.command_line import IMPORT_FLAG, Flag

__all__ = ["FLAGS"]

FLAGS = (
    Flag(
        "--config",
        "config",
        "Read settings from this TOML file. Flags override the file.",
        metavar="FILE",
    ),
    IMPORT_FLAG,
    Flag(
        "--preset",
        "preset",
        "Start from this recipe: default, fast, best or article. The default is "
        "default.",
        metavar="NAME",
    ),
    Flag(
        "--out",
        "output.folder",
        "Write the run to this folder. By default a new folder in runs/.",
        metavar="DIR",
    ),
    Flag(
        "--overwrite",
        "output.overwrite",
        "Replace the run folder if it exists. By default this is an error.",
        form="switch",
    ),
    Flag("--resume", "resume", "Resume an interrupted run.", form="switch"),
    Flag(
        "--seed",
        "seed",
        "Seed the split, the initial weights and the order of batches. The default is "
        "0.",
        metavar="N",
    ),
    Flag(
        "--quiet",
        "quiet",
        "Print only warnings and errors.",
        form="switch",
    ),
    # Data
    Flag(
        "--data",
        "data.path",
        "Read the rows from this CSV, JSON lines or Parquet file, a folder of such "
        "files, a URL, or - for the standard input. By default the embedded heart "
        "data.",
        metavar="PATH",
    ),
    Flag(
        "--test-data",
        "data.test_path",
        "Test on these rows, from a file, folder or URL as for --data, and train on "
        "all rows of --data.",
        metavar="PATH",
    ),
    Flag(
        "--test-fraction",
        "data.test_fraction",
        "Hold out this share of the rows as test rows. The default is 0.2.",
        metavar="X",
    ),
    Flag(
        "--group",
        "data.group",
        "Keep rows with the same value of this column on the same side of every split.",
        metavar="COLUMN",
    ),
    Flag(
        "--detect-groups",
        "data.detect_groups",
        "Without --group, keep runs of rows that look like records of one person or "
        "thing on one side of every split.",
        form="switch",
    ),
    Flag(
        "--sample-weight",
        "data.sample_weight",
        "Weigh each row in the training losses by the number in this column.",
        metavar="COLUMN",
    ),
    Flag(
        "--missing",
        "data.missing",
        "Read this text as a missing value, in addition to the usual texts. Can be "
        "given several times.",
        form="repeat",
    ),
    Flag(
        "--decimal-mark",
        "data.decimal_mark",
        "Read numbers with this decimal mark: a comma or a point. By default inferred "
        "from the numbers.",
        metavar="MARK",
    ),
    Flag(
        "--compute",
        "data.computed",
        "Compute this column from others by an expression, as the label of a task.",
        form="entry",
        metavar="NAME=EXPRESSION",
    ),
    # Tasks and features
    Flag(
        "--task",
        "tasks",
        "Predict this task. KIND is binary, multiclass, regression, multilabel or the "
        "kind of a plugin. COLUMN is the label column, by default NAME. A binary task "
        "can have a rule: heart:binary:num>0. Can be given several times.",
        form="repeat",
        metavar="NAME:KIND[:COLUMN]",
    ),
    Flag(
        "--auxiliary",
        "auxiliary",
        "Also train on this task to help the other tasks. An auxiliary task is not "
        "predicted, and its column is not a feature.",
        form="repeat",
        metavar="NAME:KIND[:COLUMN]",
    ),
    Flag(
        "--feature",
        "features",
        "Use this column as a feature of this kind: numeric, boolean, date, "
        "categorical, hashed or the kind of a plugin. The kinds of other columns are "
        "inferred.",
        form="repeat",
        metavar="COLUMN:KIND[:SETTING=VALUE,...]",
    ),
    Flag(
        "--columns",
        "inputs.columns",
        "Use only these columns as features. By default all columns that are not "
        "labels.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--drop",
        "inputs.drop",
        "Do not use these columns as features.",
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
        "Read these columns as dates. The format is inferred from all rows.",
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
        "Read this number in this column as a missing value.",
        form="entry",
        metavar="COLUMN=NUMBER",
    ),
    Flag(
        "--encoding",
        "inputs.encoding",
        "Encode categories as one_hot or ordinal. The default is one_hot.",
        metavar="NAME",
    ),
    Flag(
        "--numeric-encoding",
        "inputs.numeric_encoding",
        "Scale numbers by this method: standard, robust or quantile. The default is "
        "standard.",
        metavar="NAME",
    ),
    Flag(
        "--missing-flags",
        "inputs.missing_flags",
        "Add a column that marks missing values to each feature that has some. On by "
        "default.",
        form="switch",
    ),
    Flag(
        "--numeric-embedding",
        "inputs.numeric_embedding",
        "Learn a function of each number before the trunk: none, ple (piecewise "
        "linear) or pbld (periodic). By default the preset chooses it.",
        metavar="NAME",
    ),
    Flag(
        "--embed-above",
        "inputs.embed_above",
        "Learn one vector per category for columns with more categories than this; 0 "
        "never does. The default is 100.",
        metavar="N",
    ),
    # A trained trunk
    Flag(
        "--from",
        "transfer.run",
        "Use the trained trunk and the encoder of this run.",
        metavar="RUN",
    ),
    Flag(
        "--frozen-epochs",
        "transfer.frozen_epochs",
        "With --from: freeze the trunk in this many first epochs. The default is 50.",
        metavar="N",
    ),
    Flag(
        "--trunk-rate",
        "transfer.trunk_rate",
        "With --from: multiply the learning rate of the trunk by this number after "
        "the frozen epochs. The default is 0.1.",
        metavar="X",
    ),
    Flag(
        "--transfer-head",
        "transfer.head",
        "With --from: train a network as the head, or compute a bayesian head in "
        "closed form. The default is network.",
        metavar="NAME",
    ),
    # Model
    Flag(
        "--name",
        "model.name",
        "Serve the model under this name. The default is multi_task.",
        metavar="NAME",
    ),
    Flag(
        "--architecture",
        "model.architecture",
        "Share layers between the tasks in this way, for example "
        "ple:levels=2,experts=4. The default is hard-sharing. docs/architectures.md "
        "lists all architectures.",
        metavar="NAME[:SETTING=VALUE,...]",
    ),
    Flag(
        "--trunk",
        "model.trunk",
        "Use shared layers of these widths. By default the preset chooses it from the "
        "number of rows.",
        form="list",
        metavar="32,64",
    ),
    Flag(
        "--head",
        "head_widths",
        "Use hidden layers of these widths in the head of this task.",
        form="entry",
        metavar="TASK=32,16",
    ),
    Flag(
        "--head-widths",
        "heads.widths",
        "Use hidden layers of these widths in all other heads. By default the preset "
        "chooses it from the number of rows.",
        form="list",
        metavar="16,8",
    ),
    Flag(
        "--activation",
        "model.activation",
        "Use this activation in all hidden layers. By default the preset chooses it.",
        metavar="NAME",
    ),
    Flag(
        "--dropout",
        "model.dropout",
        "Drop this share of the units after each layer of the trunk. By default the "
        "preset chooses it.",
        metavar="X",
    ),
    Flag(
        "--input-dropout",
        "model.input_dropout",
        "Drop this share of the encoded features in training. The default is 0.",
        metavar="X",
    ),
    Flag(
        "--batch-norm",
        "model.batch_norm",
        "Add a batch normalization to each hidden layer. Off by default.",
        form="switch",
    ),
    Flag(
        "--input-scaling",
        "model.input_scaling",
        "Multiply each encoded feature by a trained factor before the first layer. "
        "Off by default.",
        form="switch",
    ),
    # Training
    Flag(
        "--members",
        "training.members",
        "Train this many networks and average their predictions. By default the "
        "preset chooses it from the number of rows.",
        metavar="N",
    ),
    Flag(
        "--epochs",
        "training.epochs",
        "Train for at most this many epochs. By default the preset chooses it from "
        "the number of rows.",
        metavar="N",
    ),
    Flag(
        "--batch-size",
        "training.batch_size",
        "Use this many rows per update. By default the preset chooses it from the "
        "number of rows.",
        metavar="N",
    ),
    Flag(
        "--learning-rate",
        "training.learning_rate",
        "Start with this learning rate. By default the preset chooses it.",
        metavar="X",
    ),
    Flag(
        "--schedule",
        "training.schedule",
        "Keep the learning rate constant, or let it decrease to 0 as a cosine. The "
        "default is constant.",
        metavar="NAME",
    ),
    Flag(
        "--weighting",
        "training.weighting",
        "Balance the tasks by this method, such as sum, pcgrad or cagrad:c=0.4. The "
        "default is sum. docs/weighting.md lists all methods.",
        metavar="NAME[:SETTING=VALUE,...]",
    ),
    Flag(
        "--weight-decay",
        "training.weight_decay",
        "Decay kernels by this number times the learning rate at each update. By "
        "default the preset chooses it.",
        metavar="X",
    ),
    Flag(
        "--patience",
        "training.patience",
        "Stop after this many epochs without a lower validation loss; 0 trains all "
        "epochs. By default the preset chooses it.",
        metavar="N",
    ),
    Flag(
        "--validation-fraction",
        "training.validation_fraction",
        "Validate each member on this share of the training rows. By default the "
        "preset chooses it.",
        metavar="X",
    ),
    Flag(
        "--watch-conflict",
        "training.watch_conflict",
        "Record how the tasks' gradients conflict. Off by default.",
        form="switch",
    ),
    Flag(
        "--importance-repeats",
        "report.importance_repeats",
        "Shuffle each feature this many times to measure its importance; 0 does not "
        "measure it. The default is 3.",
        metavar="N",
    ),
    Flag(
        "--calibration",
        "training.calibration",
        "Calibrate the probabilities of each task on validation rows: none or "
        "temperature. The default is none.",
        metavar="NAME",
    ),
    Flag(
        "--threshold",
        "thresholds",
        "Predict the positive class of this task from this probability on, or from "
        "the one that is best for an aim on validation rows, such as sensitivity=0.9. "
        "The default is 0.5.",
        form="entry",
        metavar="TASK=NUMBER|AIM",
    ),
    Flag(
        "--coverage",
        "training.coverage",
        "Also predict for each task the set of classes, or the interval, that "
        "contains the label with this probability. By default there are no sets.",
        metavar="X",
    ),
    Flag(
        "--joint-coverage",
        "training.joint_coverage",
        "Apply --coverage to all labels of a row together. By default it applies to "
        "each task separately.",
        form="switch",
    ),
    Flag(
        "--label-smoothing",
        "heads.label_smoothing",
        "Move this share of each class label to the other classes. The default is 0.",
        metavar="X",
    ),
    Flag(
        "--transform",
        "heads.transform",
        "Learn the labels of regressions on this scale: none, log, quantile or auto "
        "(chosen by their skewness). The default is none.",
        metavar="NAME",
    ),
    Flag(
        "--clip",
        "heads.clip",
        "Clip the predictions of regressions to the range of the training labels. Off "
        "by default.",
        form="switch",
    ),
    Flag(
        "--loss-weight",
        "loss_weights",
        "Multiply the loss of this task by this number in the total. The default is 1.",
        form="entry",
        metavar="TASK=X",
    ),
    Flag(
        "--class-weight",
        "training.class_weights",
        "Weigh the rows of this task in the training loss by their class.",
        form="entry",
        metavar="TASK=balanced|CLASS:X,...",
    ),
)
