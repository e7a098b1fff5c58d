"""Answers to each exercise, as learners write them. One module an exercise, called like the exercise's own.

``WRONG`` maps each wrong answer to a phrase that its message must contain: one answer for each mistake, eight at most.
``ALSO_WRONG``, where there is one, does the same for other shapes of these mistakes, such as one that passed once.
``ALSO_RIGHT`` lists answers that are right and are not the solution: two at least.
"""
