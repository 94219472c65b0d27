"""Renders the chart with Helm's own library and judges every workload.

Prints one line a rule, `ok …` or `FAILED …`; tests/run counts them. Each rule
is asked of everything that was rendered, so a new service cannot skip one.
"""

import contextlib
import io
import pathlib
import re
import sys
import tomllib

import kubernetes_validate
import yaml
from helm_python.chart import Chart, lint

CHART = pathlib.Path(__file__).resolve().parents[1]
KUBERNETES = "1.32.0"
MONEY = {"members", "payments", "wallet", "orders", "refunds", "notifications"}
ALL = MONEY | {"oversight"}
CASES = {
    "defaults": ({}, ALL),
    "oversight off": ({"oversight": {"enabled": False}}, MONEY),
    "mtls on": ({"mtls": {"enabled": True}}, ALL),
    "everything set": (
        {
            "image": {"pullSecrets": ["pull"]},
            "database": {"caSecret": "", "sslmode": "require"},
            "redis": {"url": ""},
            "networkPolicy": {"clients": [], "prometheus": [], "telemetry": []},
            "services": {
                "payments": {
                    "replicas": 3,
                    "priorityClassName": "money",
                    "files": {"wechat": "payments-wechat", "alipay": "payments-alipay"},
                    "config": {"limits": {"concurrency": 64}, "service": {"merchants": {"a": {"key": "x"}}}},
                }
            },
        },
        ALL,
    ),
}
REFUSED = {
    "an unknown key": {"replicass": 1},
    "an unknown service": {"services": {"console": {}}},
    "a tag in place of a digest": {"services": {"wallet": {"image": {"digest": "latest"}}}},
    "a password in the Redis address": {"redis": {"url": "redis://:hunter2@redis:6379"}},
    "no replica": {"services": {"wallet": {"replicas": 0}}},
    "a circle through oversight": {"services": {"wallet": {"peers": ["oversight"]}}},
}

asked = {}  # rule -> how often it was asked, and what broke it


def told(good, where, rule, why="see the rendered manifest"):
    count, broken = asked.setdefault(rule, [0, []])
    asked[rule][0] = count + 1
    if not good:
        broken.append(f"{where}: {why}")


def tell():
    for rule, (count, broken) in asked.items():
        print(f"FAILED {rule}\n    " + "\n    ".join(broken[:10]) if broken else f"ok {rule} ({count} times)")
    return any(broken for _, broken in asked.values())


def render(chart, values):
    objects = []
    for path, text in chart.render(values=values, name="studio", namespace="studio").items():
        if path.endswith("NOTES.txt"):
            continue
        objects += [o for o in yaml.safe_load_all(text) if o]
    return objects


def schema(case, objects):
    for o in objects:
        where, rule = f"{case}, {o['kind']} {o['metadata']['name']}", f"is valid for Kubernetes {KUBERNETES}"
        spoken = io.StringIO()
        try:
            with contextlib.redirect_stderr(spoken), contextlib.redirect_stdout(spoken):
                kubernetes_validate.validate(o, KUBERNETES, strict=True)
            told(not spoken.getvalue(), where, rule, spoken.getvalue().strip())
        except Exception as error:  # every kind of refusal is a finding
            told(False, where, rule, str(error).splitlines()[0])


def of_kind(objects, kind):
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


def pod_rules(case, name, pod, secrets):
    container = pod["containers"][0]
    security, own = pod["securityContext"], container["securityContext"]
    image = container["image"]
    volumes = {v["name"]: v for v in pod["volumes"]}
    rules = {
        "runs as nobody special": security["runAsNonRoot"] and security["runAsUser"] >= 10000 and own["runAsNonRoot"],
        "uses the runtime's seccomp profile": security["seccompProfile"] == {"type": "RuntimeDefault"},
        "drops every capability": own["capabilities"] == {"drop": ["ALL"]},
        "cannot gain privileges": own["allowPrivilegeEscalation"] is False,
        "cannot write to its root": own["readOnlyRootFilesystem"] is True,
        "mounts no token of Kubernetes": pod["automountServiceAccountToken"] is False,
        "is told of no other Service": pod["enableServiceLinks"] is False,
        "has an account of its own": pod["serviceAccountName"] == name.split("-migrate")[0],
        "is one container": len(pod["containers"]) == 1 and not pod.get("initContainers"),
        "takes its image by digest": bool(re.search(r"@sha256:[0-9a-f]{64}$", image)),
        "bounds its memory and asks for it": container["resources"]["limits"]["memory"]
        == container["resources"]["requests"]["memory"],
        "asks for processor time": "cpu" in container["resources"]["requests"],
        "reads no secret from the environment": not container.get("env") and not container.get("envFrom"),
        "mounts only configuration, secrets and a bounded tmp": all(
            set(v) - {"name"} <= {"configMap", "secret", "emptyDir"} for v in volumes.values()
        )
        and volumes["tmp"]["emptyDir"].get("sizeLimit"),
        "mounts each volume once, secrets read-only": sorted(m["name"] for m in container["volumeMounts"])
        == sorted(volumes)
        and all(m.get("readOnly") for m in container["volumeMounts"] if m["name"] != "tmp"),
        "sees its own secrets alone": {v["secret"]["secretName"] for v in volumes.values() if "secret" in v} == secrets,
        "has no door on the host": not any(pod.get(k) for k in ("hostNetwork", "hostPID", "hostIPC"))
        and not any("hostPort" in p for p in container.get("ports", [])),
    }
    for rule, holds in rules.items():
        told(holds, f"{case}, {name}", rule)
    return container


def probe_rules(case, name, deployment, container, tls):
    pod = deployment["spec"]["template"]["spec"]
    live, ready, start = (container[f"{p}Probe"] for p in ("liveness", "readiness", "startup"))
    door = "httpGet" if tls else "grpc"
    asked_for = [p[door].get("path" if tls else "service", "") for p in (live, ready, start)]
    rules = {
        "tells liveness from readiness": asked_for == (["/livez", "/readyz", "/livez"] if tls else ["liveness", "", "liveness"]),
        "waits long for its start and its end": start["periodSeconds"] * start["failureThreshold"] >= 60,
        "stops gracefully": pod["terminationGracePeriodSeconds"] >= 45
        and container["lifecycle"]["preStop"]["sleep"]["seconds"] > 0,
        "has two processes or more": deployment["spec"]["replicas"] >= 2,
        "never goes below its size in a roll-out": deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0,
        "spreads over zones and nodes": len(pod["topologySpreadConstraints"]) == 2,
        "starts anew when its configuration changes": "checksum/config"
        in deployment["spec"]["template"]["metadata"]["annotations"],
    }
    for rule, holds in rules.items():
        told(holds, f"{case}, {name}", rule)


def config_rules(case, name, text, expected_peers, owner=False):
    config = tomllib.loads(text)
    if owner:
        told(set(config["database"]) == {"url", "owner_url", "owner_password_file"}, f"{case}, {name}", "migrates as the owner", text)
    else:
        told("owner_url" not in config["database"], f"{case}, {name}", "does not know the owner", text)
        told(set(config.get("peers", {})) == expected_peers, f"{case}, {name}", "knows its peers", str(config.get("peers")))
    told(not re.search(r"://[^/@\s\"]+:[^/@\s\"]+@", text), f"{case}, {name}", "holds no password in its configuration", text)


def selects(policy_selector, labels):
    return all(labels.get(k) == v for k, v in policy_selector.get("matchLabels", {}).items())


def network_rules(case, objects, deployments, peers):
    policies = of_kind(objects, "NetworkPolicy")
    default = policies["studio-default"]["spec"]
    labels = {n: d["spec"]["template"]["metadata"]["labels"] for n, d in deployments.items()}
    jobs = {n: j["spec"]["template"]["metadata"]["labels"] for n, j in of_kind(objects, "Job").items()}
    told(
        not default.get("ingress") and set(default["policyTypes"]) == {"Ingress", "Egress"}
        and all(selects(default["podSelector"], pod) for pod in [*labels.values(), *jobs.values()]),
        case, "everything is denied unless it is allowed",
        str(default),
    )
    for name in deployments:
        callers = {
            other
            for rule in policies[name]["spec"].get("ingress") or []
            for source in rule["from"]
            for other, pod in labels.items()
            if "podSelector" in source and "namespaceSelector" not in source and selects(source["podSelector"], pod)
        }
        told(
            callers == {other for other, its in peers.items() if name in its},
            f"{case}, {name}", "is reached by those alone who call it",
            str(callers),
        )
    told(
        all(rule.get("from") for p in policies.values() for rule in (p["spec"].get("ingress") or []))
        and all(rule.get("to") for p in policies.values() for rule in (p["spec"].get("egress") or [])),
        case,
        "opens no door to everybody",
    )
    outside = {n for n, p in policies.items() if any("ipBlock" in t for e in (p["spec"].get("egress") or []) for t in e["to"])}
    told(outside == {"payments", "notifications"}, case, "only payments and notifications leave the cluster", str(outside))


def judge(case, chart, values, expected):
    objects = render(chart, values)
    schema(case, objects)
    merged = chart.merge_values(values)
    peers = {n: set(merged["services"][n]["peers"]) for n in expected}
    deployments, jobs = of_kind(objects, "Deployment"), of_kind(objects, "Job")
    services, configs = of_kind(objects, "Service"), of_kind(objects, "ConfigMap")
    told(set(deployments) == expected, case, "the services are the expected ones", str(set(deployments)))
    told(set(of_kind(objects, "ServiceAccount")) == expected, case, "each has an account", "")
    told(set(of_kind(objects, "PodDisruptionBudget")) == expected, case, "each has a disruption budget", "")
    told(not of_kind(objects, "Secret"), case, "no secret is in the chart", "a Secret was rendered")
    told("payments-callbacks" in services, case, "callbacks have a door of their own", str(list(services)))
    told(
        {n.split("-migrate")[0] for n in jobs} == expected and len(jobs) == len(expected),
        case, "each has one migration",
        str(list(jobs)),
    )
    database = {merged["database"]["caSecret"]} - {""}
    tls = merged["mtls"]["enabled"]
    for name, deployment in deployments.items():
        own = {f"{name}-{s}" for s in ("database", "identity", "vault-kek", "vault-index")} | {merged["tokens"]["verifyKeysSecret"]}
        own |= database | ({f"{name}-tls"} if tls else set()) | set((merged["services"][name].get("files") or {}).values())
        container = pod_rules(case, name, deployment["spec"]["template"]["spec"], own)
        probe_rules(case, name, deployment, container, tls)
        told(services[name]["spec"]["clusterIP"] == "None", f"{case}, {name}", "is balanced by its clients", "not headless")
        config_rules(case, name, configs[name]["data"]["config.toml"], peers[name])
    for name, job in jobs.items():
        service = name.split("-migrate")[0]
        image = deployments[service]["spec"]["template"]["spec"]["containers"][0]["image"]
        container = pod_rules(case, name, job["spec"]["template"]["spec"], {f"{service}-database-owner"} | database)
        told(container["image"] == image, f"{case}, {name}", "runs the image that serves", container["image"])
        told(image.split("sha256:")[1][:12] in name, f"{case}, {name}", "is named by its image", image)
        config_rules(case, name, configs[name]["data"]["config.toml"], set(), owner=True)
    network_rules(case, objects, deployments, peers)


def other_image_other_job(chart):
    digest = "sha256:" + "1" * 64
    before = set(of_kind(render(chart, {}), "Job"))
    after = set(of_kind(render(chart, {"services": {"wallet": {"image": {"digest": digest}}}}), "Job"))
    told(len(after - before) == 1, "wallet", "another image of wallet is another migration, and only that", str(after - before))
    moved = set(of_kind(render(chart, {"database": {"host": "other"}}), "Job"))
    told(not moved & before, "database.host", "another database is another migration", str(moved & before))


def main():
    for case, (values, _) in CASES.items():
        report = lint(CHART, values, strict=True, namespace="studio", kube_version=f"v{KUBERNETES}")
        spoken = [m for m in report["messages"] if m["severity"] >= 2]
        told(not report["errors"] and not spoken, case, "helm lint", f"{report['errors']} {spoken}")
    with Chart.load(CHART) as chart:
        for case, (values, expected) in CASES.items():
            judge(case, chart, values, expected)
        other_image_other_job(chart)
        for what, values in REFUSED.items():
            try:
                chart.render(values=values, name="studio")
                told(False, what, f"refuses {what}", "it was rendered")
            except Exception:  # the kind of error is the library's matter
                told(True, what, f"refuses {what}")
    sys.exit(tell())


main()
