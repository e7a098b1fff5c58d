"""Exercises: what one is (task), what a learner does with it (exercise), and who judges an answer (referee)."""
