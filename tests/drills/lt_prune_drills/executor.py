"""Two processes of Python's own pool, to which runs go by pickle."""

from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context

from lt_prune.engine.executors import Executor
from lt_prune.engine.turns import run_alone


def execute(runs, compute, progress):
    context = get_context("forkserver")
    context.set_forkserver_preload(["lt_prune.engine.turns"])
    with ProcessPoolExecutor(2, context) as pool:
        begun = {}
        while True:
            while len(begun) < 2 and (taken := runs.take()):
                index, run = taken
                progress(run.title, 0, run.recipe.epochs)
                begun[pool.submit(run_alone, run, compute.arithmetic)] = taken
            if not begun:
                return
            for ended in wait(begun, return_when=FIRST_COMPLETED).done:
                (index, run), outcome = begun.pop(ended), ended.result()
                if not outcome.failure:
                    progress(run.title, run.recipe.epochs, run.recipe.epochs)
                yield index, outcome


pool = Executor(execute=execute, refuses=lambda compute: "it trains on the CPU" if compute.device != "cpu" else "")
