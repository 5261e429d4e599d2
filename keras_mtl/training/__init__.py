"""The model class, and its training."""

from keras_mtl.training.members import MemberFit, fit_members
from keras_mtl.training.multi_task_model import MultiTaskModel
from keras_mtl.training.settings import TrainingSettings

__all__ = ["MemberFit", "MultiTaskModel", "TrainingSettings", "fit_members"]
