# What the package exports. `__init__.py` loads each name from its module on first use; nothing else lists them.

from study.analysis import bias_variance as bias_variance
from study.analysis.margin import functional_margins as functional_margins
from study.analysis.margin import geometric_margin as geometric_margin
from study.analysis.margin import novikoff_bound as novikoff_bound
from study.analysis.separability import is_separable as is_separable
from study.analysis.separability import separability as separability
from study.analysis.separation import separates as separates
from study.analysis.separation import training_error as training_error
from study.analysis.stability import disagreement as disagreement
from study.analysis.stability import leave_one_out as leave_one_out
from study.certificates.checker import check as check
from study.certificates.search import verdict as verdict
from study.certificates.stationary import stationary_points as stationary_points
from study.checks import BadInput as BadInput
from study.datasets.dataset import Dataset as Dataset
from study.datasets.generators import make_boxes as make_boxes
from study.datasets.generators import make_gaussians as make_gaussians
from study.datasets.published import four_points as four_points
from study.datasets.published import three_points as three_points
from study.datasets.resampling import bootstrap as bootstrap
from study.datasets.resampling import subsample as subsample
from study.datasets.spoilers import add_spoilers as add_spoilers
from study.datasets.spoilers import replace_by_spoilers as replace_by_spoilers
from study.datasets.table import read_table as read_table
from study.trainers.best_separator import best_separator as best_separator
from study.trainers.centroid import nearest_centroid as nearest_centroid
from study.trainers.fit import Bound as Bound
from study.trainers.fit import Fit as Fit
from study.trainers.fit import Stop as Stop
from study.trainers.graph import Node as Node
from study.trainers.graph import sensitivities as sensitivities
from study.trainers.layers import initial_weights as initial_weights
from study.trainers.layers import outputs as outputs
from study.trainers.max_margin import max_margin as max_margin
from study.trainers.network import network as network
from study.trainers.optimiser import Optimiser as Optimiser
from study.trainers.perceptron import perceptron as perceptron
from study.trainers.sigmoid_unit import sigmoid_unit as sigmoid_unit
from study.trainers.soft_margin import soft_margin as soft_margin

__version__: str
