"""Plays `studioctl demo --json` against a running platform and checks what it
promises: at least one step of every service, none that failed, and purchase,
recharge and refund each as one trace that the services share. Then it lets
`studioctl check` and `studioctl audit verify` look at what the demo left."""

import json
import subprocess
import sys
import time
import urllib.request

SERVICES = {"members", "orders", "payments", "wallet", "refunds", "notifications", "oversight"}
# A step of each part by which its trace is known, and who must be in it.
PARTS = {
    "purchase": ("a receipt is issued", {"members", "orders", "payments", "notifications"}),
    "recharge": ("finance audits and posts it: spendable", {"payments", "wallet", "notifications"}),
    "refund": ("it went back to where it came from", {"orders", "wallet", "refunds", "notifications"}),
}


def main(studioctl: str, traces: str) -> int:
    run = subprocess.run([studioctl, "demo", "--json"], capture_output=True, text=True, timeout=300)
    steps = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    bad = report("every step succeeds", run.returncode == 0 and all(s["ok"] for s in steps), run.stderr[-2000:])
    missing = SERVICES - {s["service"] for s in steps}
    bad += report("every service takes part", not missing, f"missing: {missing}")
    seen = set()
    for part, (step, wanted) in PARTS.items():
        trace = next((s["trace_id"] for s in steps if s["step"] == step), None)
        services = await_services(traces, trace, wanted) if trace else set()
        seen |= services
        bad += report(f"the {part} is one trace across its services", wanted <= services, f"{trace}: {services}")
    everyone = SERVICES - {"oversight"}
    bad += report("every service appears in the three traces", everyone <= seen, f"only {seen}")
    checked = subprocess.run([studioctl, "check", "--channel"], capture_output=True, text=True, timeout=120)
    bad += report("the nine invariants hold afterwards", checked.returncode == 0, checked.stdout + checked.stderr)
    return bad + whole_chains(studioctl)


def whole_chains(studioctl: str) -> int:
    """What the demo left behind verifies: every service's chain of audit and ledgers."""
    run = subprocess.run([studioctl, "audit", "verify", "--json"], capture_output=True, text=True, timeout=120)
    chains = json.loads(run.stdout)["chains"] if run.stdout.startswith("{") else []
    whole = {c["service"] for c in chains if c["entries"] > 0 and not c["findings"]}
    holds = run.returncode == 0 and whole == SERVICES
    return report("studioctl audit verify finds every chain whole", holds, f"{run.returncode}: {whole} {run.stderr[-2000:]}")


def await_services(traces: str, trace: str, wanted: set[str]) -> set[str]:
    services: set[str] = set()
    for _ in range(40):
        with urllib.request.urlopen(f"{traces}/traces/{trace}", timeout=5) as answer:
            spans = json.load(answer)["spans"]
        services = {span["service"] for span in spans}
        if wanted <= services:
            break
        time.sleep(0.5)  # spans leave in batches
    return services


def report(what: str, holds: bool, otherwise: str) -> int:
    print(f"ok {what}" if holds else f"FAILED {what}: {otherwise}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
