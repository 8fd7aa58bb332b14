"""Drawings for the lectures; needs matplotlib (`pip install "chainrule[learn]"`). The library never imports it."""
from chainrule.figures.delta import two_layer_stepper
from chainrule.figures.networks import fan, feature_transform, flow, one_unit, two_stations, two_weights, whole_idea
from chainrule.figures.stepper import Stepper
from chainrule.figures.style import use_house_style

__all__ = [
    "Stepper", "fan", "feature_transform", "flow", "one_unit", "two_layer_stepper", "two_stations", "two_weights",
    "use_house_style", "whole_idea",
]
