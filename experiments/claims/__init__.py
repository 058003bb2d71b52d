"""What the lecture and its sources claim, a module for each section of the paper.

A predicate reads results and nothing else, and is committed before the first result that it decides on.
"""
