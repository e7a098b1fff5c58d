"""Run learners' exercise notebooks from the terminal, and judge the functions that they define.

The code in those notebooks is not trusted. Three kinds of process keep it apart from the table of results:

- ``check`` itself lists the notebooks (``folder``) and starts a supervisor for each (``run``). It never opens one.
- A supervisor watches one notebook's worker: its time, memory, output and processes. If the learner's code kills the
  process that started it, one supervisor dies, and ``check`` says so in that notebook's row.
- A worker runs the notebook's ``cells``, and ``judging`` tries each function with the course's own check, which takes
  another process for it.
"""
