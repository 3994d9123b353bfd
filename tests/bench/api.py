"""The load side of `cargo xtask bench api`.

api.py CHURN HOME BUNDLE CUSTOMERS.csv WORK SECONDS

Starts `churn serve` on HOME and then, one after the other, services as people write them in Python
(api_peer.py, two processes each) on the same model, and loads each with wrk at 1, 16 and 64
connections: 200 customers in turn, one request each. Ours validates, explains, recommends and logs
every prediction. CPU time is of all processes of a service; wrk shares the processors with it.
Exit code 1 when a line that is wanted is missed, 2 when a side could not run.
"""
import csv
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import psutil

CONNECTIONS = (1, 16, 64)
OVERLOAD = 640
NUMBERS = ("tenure", "MonthlyCharges", "TotalCharges")
WANTED_RATIO, WANTED_P99_MS, WANTED_MB = 30.0, 10.0, 150.0
HERE = os.path.dirname(os.path.abspath(__file__))

LUA = """
local bodies = {
%s
}
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  number = number %% #bodies + 1
  return wrk.format("POST", nil, nil, bodies[number])
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('JSON {"requests": %%d, "us": %%d, "p50_us": %%d, "p99_us": %%d, "refused": %%d, "broken": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass
class Load:
    """What wrk and the process table say of one load."""

    name: str
    reasons: bool
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    mb: float
    refused: int
    broken: int

    def line(self):
        return (f"{self.name:<28} {'yes' if self.reasons else 'no':<7} {self.connections:>5} {self.per_second:>9.0f} {self.p50_ms:>9.2f} "
                f"{self.p99_ms:>9.2f} {self.cpu_ms:>9.3f} {self.mb:>7.0f} {self.refused + self.broken:>7}")


def script(customers, work):
    """200 customers as a wrk script; the first body to warm up with."""
    bodies = []
    with open(customers, newline="") as file:
        for row in csv.DictReader(file):
            row.pop("customerID", None), row.pop("Churn", None)
            if all(row[name].strip() for name in NUMBERS):
                bodies.append(json.dumps({k: float(v) if k in NUMBERS else v for k, v in row.items()}))
            if len(bodies) == 200:
                break
    path = os.path.join(work, "customers.lua")
    with open(path, "w") as file:
        file.write(LUA % ",\n".join(f"  [[{body}]]" for body in bodies))
    return path, bodies[0]


class Service:
    def __init__(self, name, command, url, body, env=None, cwd=None):
        self.name, self.url = name, url
        self.process = subprocess.Popen(command, env=os.environ | (env or {}), cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started = time.time()
        while True:
            try:
                self.ask(body)
                break
            except OSError as fault:
                if self.process.poll() is not None or time.time() - started > 60:
                    print(f"{name} does not answer: {fault}", file=sys.stderr)
                    sys.exit(2)
                time.sleep(0.1)
        self.first_answer_s = time.time() - started
        for _ in range(40):
            self.ask(body)

    def ask(self, body):
        request = urllib.request.Request(self.url, body.encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=20))

    def all(self):
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu(self):
        return sum(sum(p.cpu_times()[:2]) for p in self.all())

    def mb(self):
        """Memory of its own and shared, shared pages counted once."""
        return sum(p.memory_full_info().pss for p in self.all()) / 2**20

    def load(self, lua, reasons, connections, seconds, url=None):
        before = self.cpu()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", lua, url or self.url]
        out = subprocess.run(command, capture_output=True, text=True).stdout
        told = next((json.loads(line[5:]) for line in out.splitlines() if line.startswith("JSON ")), None)
        if told is None:
            print(f"wrk said nothing: {out}", file=sys.stderr)
            sys.exit(2)
        n = max(told["requests"], 1)
        return Load(self.name, reasons, connections, n / told["us"] * 1e6, told["p50_us"] / 1e3, told["p99_us"] / 1e3,
                    1e3 * (self.cpu() - before) / n, self.mb(), told["refused"], told["broken"])

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def loads(service, lua, reasons, seconds, url=None):
    found = []
    for connections in CONNECTIONS:
        found.append(service.load(lua, reasons, connections, seconds, url))
        print(found[-1].line(), flush=True)
    return found


def main():
    churn, home, bundle, customers, work, seconds = sys.argv[1:]
    seconds = int(seconds)
    lua, body = script(customers, work)
    print(f"{'service':<28} {'reasons':<7} {'conns':>5} {'per s':>9} {'p50 ms':>9} {'p99 ms':>9} {'CPU ms':>9} {'MB':>7} {'errors':>7}", flush=True)
    port = 18744
    url = f"http://127.0.0.1:{port}/api/v1/predict"
    ours = Service("churn serve", [churn, "--home", home, "serve", "--port", str(port)], url, body, cwd=work)
    explained = loads(ours, lua, True, seconds)
    plain = loads(ours, lua, False, seconds, url + "?explain=false")
    crowd = ours.load(lua, True, OVERLOAD, seconds)
    print(crowd.line(), flush=True)
    started = time.time()
    ours.ask(body)
    after_ms = 1e3 * (time.time() - started)
    calm = ours.load(lua, True, 16, seconds)
    ours.stop()
    peers = {}
    for variant in ("fast", "plain", "usual"):
        for kind in ("FastAPI", "Flask"):
            port += 1
            python = [sys.executable, "-m"]
            command = python + (["uvicorn", "--factory", "--workers", "2", "--port", str(port), "--log-level", "error", "api_peer:fastapi_app"] if kind == "FastAPI" else
                                ["gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error", "api_peer:flask_app()"])
            env = {"BUNDLE": bundle, "VARIANT": variant, "OMP_NUM_THREADS": "1"}
            peer = Service(f"{kind}, {variant}", command, f"http://127.0.0.1:{port}/predict", body, env, HERE)
            peers[kind, variant] = loads(peer, lua, variant != "plain", seconds)
            peer.stop()
    sixteen = CONNECTIONS.index(16)
    mine, other = explained[sixteen], peers["FastAPI", "fast"][sixteen]
    bare, bare_peer = plain[sixteen], peers["FastAPI", "plain"][sixteen]
    ratio, bare_ratio = other.cpu_ms / mine.cpu_ms, bare_peer.cpu_ms / bare.cpu_ms
    most = max(load.mb for load in [*explained, *plain, crowd])
    errors = sum(load.refused + load.broken for load in [*explained, *plain])
    print()
    checks = [
        (f"16 connections, with reasons: {ratio:.1f} times less CPU a request than FastAPI, fast", ratio >= WANTED_RATIO, f"at least {WANTED_RATIO:.0f}"),
        (f"16 connections, with reasons: p99 {mine.p99_ms:.2f} ms (theirs {other.p99_ms:.1f})", mine.p99_ms < WANTED_P99_MS, f"under {WANTED_P99_MS:.0f} ms"),
        (f"most memory, overload included: {most:.0f} MB (theirs {other.mb:.0f})", most < WANTED_MB, f"under {WANTED_MB:.0f} MB"),
        (f"errors at 1 to 64 connections: {errors}", errors == 0, "none"),
        (f"{OVERLOAD} connections: {crowd.per_second:.0f} answers a second, {crowd.refused} refused, {crowd.broken} broken; memory {crowd.mb:.0f} MB", crowd.broken == 0, "none broken"),
        (f"after it: one answer in {after_ms:.0f} ms, p99 at 16 connections {calm.p99_ms:.2f} ms, memory {calm.mb:.0f} MB", after_ms < 1000, "within a second"),
    ]
    for text, ok, wanted in checks:
        print(f"{'ok' if ok else 'MISSED':<7} {text} (wanted: {wanted})")
    print(f"        16 connections, without reasons: {bare_ratio:.1f} times less CPU a request than FastAPI, plain; first answer after {ours.first_answer_s:.1f} s")
    sys.exit(0 if all(ok for _, ok, _ in checks) else 1)


main()
