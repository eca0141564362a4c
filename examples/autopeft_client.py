"""Drives an AutoPeft study from Python, with nothing but the standard library.

    from autopeft_client import Study

    with Study([{"name": "lr", "type": "float", "low": 1e-5, "high": 0.01, "log": True}],
               [{"name": "error", "direction": "minimize"}], journal="runs/mine", budget=40) as study:
        study.optimize(lambda trial: train(trial.params["lr"]))
        print(study.front())

It starts `autopeft ask-tell` and speaks its lines. The command is the launcher of this repository, or what the
environment variable AUTOPEFT says, or the argument `command`. A study with a journal goes on where it stopped:
run the program again, with a larger budget if it is to have more trials.

    python3 examples/autopeft_client.py --journal runs/python --trials 20
"""

import json
import math
import os
import shlex
import subprocess


class AutoPeftError(Exception):
    """What the study answers to a message that it refuses."""


class Pruned(Exception):
    """Raised by Trial.report where the scheduler ends the trial; let it pass."""


class Trial:
    """One configuration to run."""

    def __init__(self, study, answer):
        self._study = study
        self.number = answer["number"]
        self.params = answer["params"]
        self.resume_from = answer.get("resume_from")

    def report(self, step, *values, **metrics):
        """Reports one value per objective, or metrics by name; raises Pruned where the trial is to end."""
        message = {"number": self.number, "step": step}
        if values:
            message["values"] = [_number(v) for v in values]
        if metrics:
            message["metrics"] = {name: _number(v) for name, v in metrics.items()}
        if self._study.send("report", message)["decision"] != "continue":
            raise Pruned(self.number)


class Study:
    """A study in a process of its own. Without a journal it ends with that process."""

    def __init__(self, space=None, objectives=None, *, journal=None, budget=None, command=None, **options):
        if command is None:
            command = os.environ.get("AUTOPEFT")
        if command is None:
            command = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "autopeft")]
        elif isinstance(command, str):
            command = shlex.split(command)
        self._process = subprocess.Popen(
            [*command, "ask-tell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        study = {"space": space, "objectives": objectives, "journal": journal, "budget": budget, **options}
        try:
            self.info = self.send("study", {name: value for name, value in study.items() if value is not None})
        except BaseException:
            self.close()
            raise

    def send(self, name, value):
        """Sends one message and gives its answer."""
        self._process.stdin.write(json.dumps({name: value}, allow_nan=False) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AutoPeftError(f"autopeft ended with code {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise AutoPeftError(answer["error"])
        return answer

    def ask(self, count=1):
        """The next trials; fewer, or none, when the budget is used up."""
        return [Trial(self, t) for t in self.send("ask", count)["trials"]]

    def tell(self, trial, values, outcomes=()):
        """A trial's result: one value per objective, then the outcome constraints'."""
        values = [values] if isinstance(values, (int, float)) else list(values)
        if not all(math.isfinite(v) for v in values):
            return self.fail(trial, f"values are {values}")
        message = {"number": trial.number, "values": values}
        if outcomes:
            message["outcomes"] = list(outcomes)
        return self.send("tell", message)

    def fail(self, trial, error):
        """A trial that came to no result."""
        return self.send("tell", {"number": trial.number, "state": "failed", "error": str(error)})

    def prune(self, trial):
        """A trial that ended early, by its last report."""
        return self.send("tell", {"number": trial.number, "state": "pruned"})

    def enqueue(self, params):
        """A configuration of your own, which the next ask gives; its trial's number."""
        return self.send("enqueue", params)["number"]

    def add(self, params, values):
        """A configuration whose result is known; its trial's number."""
        values = [values] if isinstance(values, (int, float)) else list(values)
        return self.send("add", {"params": params, "values": values})["number"]

    def retry_failed(self):
        """Has failed trials given out again; how many."""
        return self.send("retry", True)["waiting"]

    def front(self):
        """The Pareto front: number, params and values of each member; for one objective the best trial."""
        return self.send("front", True)["front"]

    def write(self, directory=None):
        """Writes the Parquet tables and the report, beside the journal unless a directory is named; the report's path."""
        return self.send("write", True if directory is None else directory)["report"]

    def optimize(self, objective, catch=(Exception,)):
        """Runs objective(trial) for every trial of the budget; it returns one number per objective."""
        while trials := self.ask():
            for trial in trials:
                try:
                    values = objective(trial)
                except Pruned:
                    self.prune(trial)
                except catch as error:
                    self.fail(trial, f"{type(error).__name__}: {error}")
                else:
                    self.tell(trial, values)

    def close(self):
        """Ends the process; a journal keeps the study."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _number(value):
    return value if math.isfinite(value) else "NaN"


def main():
    import argparse

    arguments = argparse.ArgumentParser(description="Searches a curve that stands for a training.")
    arguments.add_argument("--journal", help="directory that keeps the study")
    arguments.add_argument("--trials", type=int, default=20)
    typed = arguments.parse_args()

    def train(trial):
        lr, depth = trial.params["lr"], trial.params["depth"]
        for epoch in range(1, 5):
            error = abs(math.log10(lr) + 3) / epoch + 0.02 * depth
            trial.report(epoch, error, depth)
        return error, depth

    space = [{"name": "lr", "type": "float", "low": 1e-5, "high": 1e-1, "log": True},
             {"name": "depth", "type": "int", "low": 1, "high": 6}]
    objectives = [{"name": "error", "direction": "minimize"}, {"name": "layers", "direction": "minimize", "formula": "depth"}]
    with Study(space, objectives, journal=typed.journal, budget=typed.trials, seed=1, sampler="tpe", scheduler="median:startup=4") as study:
        study.optimize(train)
        for member in study.front():
            print(member["number"], member["params"], member["values"])
        if typed.journal:
            print(study.write())


if __name__ == "__main__":
    main()
