"""Colour, marker and name of each optimiser in every figure."""

RULES = {
    "descent": ("blue", "o"),
    "momentum": ("green", "^"),
    "adam": ("vermillion", "s"),
    "adamw": ("purple", "D"),
}
NAMES = {"descent": "descent", "momentum": "momentum", "adam": "Adam", "adamw": "AdamW"}
