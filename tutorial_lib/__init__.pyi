# The names that a notebook may import, each with the module where it lives. At run time lazy_loader reads this file.
# Keep it ASCII: lazy_loader opens it in the console's encoding.
from .examination.inside import examine as examine
from .exercises import exercise as exercise
from .exercises import progress as progress
from .load.callers import hold as hold
from .load.callers import run_threads as run_threads
from .load.fleet import run_fleet as run_fleet
from .load.fleet_report import FleetReport as FleetReport
from .load.predicted import predicted_waits as predicted_waits
from .load.report import LoadReport as LoadReport
from .load.run import run_load as run_load
from .load.sweep import Sweep as Sweep
from .load.sweep import sweep as sweep
from .load.workload import Workload as Workload
from .network.canned_server import CannedServer as CannedServer
from .network.fault_proxy import FaultProxy as FaultProxy
from .plots.budget import plot_budget as plot_budget
from .plots.fleet import plot_fleet as plot_fleet
from .plots.knee import plot_pool_size as plot_pool_size
from .plots.loads import plot_load as plot_load
from .plots.loads import plot_rtt_curve as plot_rtt_curve
from .plots.loads import plot_sweep as plot_sweep
from .plots.recordings import plot_timeline as plot_timeline
from .plots.recordings import plot_waits as plot_waits
from .pools.recording import Recording as Recording
from .pools.recording import record as record
from .pools.replay import PoolReplay as PoolReplay
from .pools.sent import sent_commands as sent_commands
from .pools.snapshot import PoolSnapshot as PoolSnapshot
from .pools.snapshot import snapshot as snapshot
from .servers import Server as Server
from .servers import start_server as start_server
from .sizing.formulas import connections_needed as connections_needed
from .sizing.formulas import erlang_c as erlang_c
from .sizing.formulas import fleet_budget as fleet_budget
from .sizing.formulas import in_flight as in_flight
from .sizing.formulas import mean_wait as mean_wait
from .sizing.formulas import wait_percentile as wait_percentile
from .sizing.pool_size import size_pool as size_pool
from .sizing.simulation import replay as replay
from .sizing.simulation import simulate as simulate
from .widgets.calculator import calculator as calculator
from .widgets.playground import playground as playground
from .widgets.pool_view import PoolView as PoolView
from .widgets.prediction import predict as predict

__version__: str
