"""Live views in the notebook: Python holds the state, one ES module and one style sheet draw it."""
