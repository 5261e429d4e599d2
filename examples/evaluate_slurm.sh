#!/usr/bin/env bash
# An evaluation as a Slurm array job: each task claims fits in one shared folder.
#
#     sbatch --array=1-8 examples/evaluate_slurm.sh --data my.csv --task churn:binary
#
#SBATCH --job-name=keras-mtl-evaluate
#SBATCH --cpus-per-task=2
#SBATCH --mem=8G
set -euo pipefail
python -m keras_mtl.evaluate --quiet --workers 1 \
    --out "${EVALUATION:-$PWD/evaluation}" "$@"
