"""What a notebook imports. Each name is loaded when it is first used, so that importing the package is cheap.

Servers to practise on:  start_server
Servers of other kinds:  start_tls  start_sentinel  start_cluster  start_lab  close_labs
Trouble on the way:      FaultProxy  CannedServer
Eyes on a pool:          snapshot  record  sent_commands  watch_metrics  PoolView  PoolReplay
Your own program:        examine
Callers to watch:        run_threads  hold
A pool to play with:     playground
Pictures of a recording: plot_timeline  plot_waits
A pool under load:       run_load  Workload  sweep
Pictures of loads:       plot_load  plot_sweep  plot_rtt_curve
The size of a pool:      calculator  size_pool  plot_pool_size  predicted_waits
Sizes by formula:        in_flight  erlang_c  mean_wait  wait_percentile  connections_needed  fleet_budget
A fleet of pools:        start_fleet  run_fleet  plot_fleet  plot_budget
A pool on paper:         simulate  replay
Processes of your own:   run_program
Predictions:             predict
Exercises:               exercise  progress
What some of them return: Server  PoolSnapshot  Recording  LoadReport  FleetReport  Sweep
"""

import lazy_loader

__version__ = "0.1.0"

# The names, and where they live, are in __init__.pyi: type checkers and JupyterLab's completion read them there, too.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
