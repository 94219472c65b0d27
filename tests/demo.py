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
    return bad + whole_chains(studioctl) + nobody_waits(studioctl) + a_day_is_closed(studioctl)


def nobody_waits(studioctl: str) -> int:
    """Finance looks for money that may have gone wrong: the demo left no member without an answer."""
    asked = [studioctl, "exceptions", "list", "-o", "json"]
    run = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    cases = json.loads(run.stdout or "{}").get("exceptions", []) if run.returncode == 0 else None
    return report("studioctl exceptions list finds nobody who waits for an answer", cases == [], f"{cases} {run.stderr}")


def whole_chains(studioctl: str) -> int:
    """What the demo left behind verifies: every service's chain of audit and ledgers."""
    run = subprocess.run([studioctl, "audit", "verify", "--json"], capture_output=True, text=True, timeout=120)
    chains = json.loads(run.stdout)["chains"] if run.stdout.startswith("{") else []
    whole = {c["service"] for c in chains if c["entries"] > 0 and not c["findings"]}
    holds = run.returncode == 0 and whole == SERVICES
    return report("studioctl audit verify finds every chain whole", holds, f"{run.returncode}: {whole} {run.stderr[-2000:]}")


def a_day_is_closed(studioctl: str) -> int:
    """Days pass, both channels' bills come, and finance goes through the demo's sales: two persons, and nothing differs."""

    def asked(*words: str) -> dict:
        run = subprocess.run([studioctl, "reconcile", *words, "-o", "json"], capture_output=True, text=True, timeout=60)
        return json.loads(run.stdout or "{}") if run.returncode == 0 else {"error": run.stderr}

    subprocess.run([studioctl, "clock", "set", "+4d"], check=True, capture_output=True, timeout=60)
    days = []
    for _ in range(240):
        days = [d for d in asked("days").get("days", []) if d["state"] == "DAY_STATE_JUDGED"]
        sold = [(d, t) for d in days for t in [report_of(asked, d)] if sum(x.get("payments", 0) for x in t) > 0]
        if sold:
            break
        time.sleep(0.5)
    else:
        return report("a day's bills are fetched and held against ours", False, f"{asked('days')}")
    bad = report("a day's bills are fetched and held against ours", True, "")
    found = asked("differences").get("differences", [])
    bad += report("the channels' bills and our books agree to the fen", not found, f"{found}")
    name, day = name_of(sold[0][0]), sold[0][0]["day"]
    for step in ("sign", "close"):
        run = subprocess.run([studioctl, "reconcile", step, name, day], capture_output=True, text=True, timeout=60)
        bad += report(f"studioctl reconcile {step} {name}", run.returncode == 0, run.stderr)
    subprocess.run([studioctl, "clock", "set", "0"], check=True, capture_output=True, timeout=60)
    return bad


def name_of(day: dict) -> str:
    return f"{day['account']['party'].removeprefix('PARTY_').lower()}/{day['account']['name']}"


def report_of(asked, day: dict) -> list:
    return asked("report", name_of(day), day["day"]).get("totals", [])


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
