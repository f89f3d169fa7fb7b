"""The manifests for Kubernetes run our commands, without rights that these don't need."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from profiles.entrypoints.cli import cli
from tests.support.manifests import faults_of

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
Document = dict[str, Any]


def documents(name: str) -> list[Document]:
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


def of_kind(name: str, kind: str) -> Document:
    (found,) = [document for document in documents(name) if document["kind"] == kind]
    return found


def container_of(name: str) -> Document:
    (container,) = of_kind(name, "Deployment")["spec"]["template"]["spec"]["containers"]
    found: Document = container
    return found


NAMES = sorted(path.name for path in FOLDER.glob("*.yaml"))
API_VERSIONS = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PersistentVolumeClaim": "v1",
}


def test_there_is_one_for_the_consumer_the_page_and_the_spark_job() -> None:
    assert NAMES == ["page.yaml", "process.yaml", "spark.yaml"]
    assert {d["kind"] for name in NAMES for d in documents(name)} == API_VERSIONS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_document_is_named_and_of_a_kind_that_is_known(name: str) -> None:
    for document in documents(name):
        assert document["apiVersion"] == API_VERSIONS[document["kind"]]
        assert document["metadata"]["name"].startswith("profiles-")
        assert document["metadata"]["labels"]["app.kubernetes.io/name"] == "profiles"


@pytest.mark.parametrize("name", NAMES)
def test_no_deployment_has_a_right_that_it_does_not_need(name: str) -> None:
    assert faults_of(of_kind(name, "Deployment")) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_command_of_every_container_is_one_of_ours(name: str) -> None:
    container = container_of(name)
    general, command, *words = container["args"]

    assert general == "--log-format=json"
    context = cli.commands[command].make_context(command, words)
    metrics = context.params.get("metrics")
    (port,) = container["ports"]
    assert port["containerPort"] == (
        int(metrics.rpartition(":")[2]) if metrics else context.params["port"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_password_of_every_user_that_is_named_is_in_a_file(name: str) -> None:
    container = container_of(name)
    files = {variable["name"]: variable["value"] for variable in container["env"]}
    named = {
        "PROFILES_KAFKA_PASSWORD_FILE": "--kafka=",
        "PROFILES_MONGO_PASSWORD_FILE": "--store=mongodb:",
        "PROFILES_CASSANDRA_PASSWORD_FILE": "--store=cassandra:",
    }
    for variable, beginning in named.items():
        addresses = [word for word in container["args"] if word.startswith(beginning)]
        assert (variable in files) == any("@" in address for address in addresses)
        assert all("tls=true" in address for address in addresses)


@pytest.mark.parametrize("name", NAMES)
def test_only_who_is_named_gets_to_the_pods(name: str) -> None:
    policy, pod = of_kind(name, "NetworkPolicy")["spec"], of_kind(name, "Deployment")["spec"]
    (port,) = container_of(name)["ports"]

    assert policy["podSelector"] == pod["selector"]
    assert policy["policyTypes"] == ["Ingress"]
    assert [p["port"] for rule in policy["ingress"] for p in rule["ports"]] == [port["name"]]
    assert all(rule["from"] for rule in policy["ingress"])


def test_the_service_leads_to_the_page_and_stays_inside_the_cluster() -> None:
    service, page = of_kind("page.yaml", "Service")["spec"], of_kind("page.yaml", "Deployment")

    assert service["type"] == "ClusterIP"
    assert service["selector"] == page["spec"]["selector"]["matchLabels"]
    assert [port["targetPort"] for port in service["ports"]] == ["http"]


def test_of_the_spark_job_there_is_one_at_a_time() -> None:
    spec = of_kind("spark.yaml", "Deployment")["spec"]
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in spec["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    ]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert claims == [of_kind("spark.yaml", "PersistentVolumeClaim")["metadata"]["name"]]


def pod(document: Document) -> Document:
    found: Document = document["spec"]["template"]["spec"]
    return found


def first(document: Document) -> Document:
    found: Document = pod(document)["containers"][0]
    return found


SPOILT: list[tuple[Callable[[Document], object], str]] = [
    (lambda d: d["spec"]["selector"]["matchLabels"].clear(), "selector"),
    (lambda d: pod(d)["securityContext"].pop("runAsNonRoot"), "as root"),
    (lambda d: pod(d)["securityContext"].update(runAsUser=0), "as root"),
    (lambda d: pod(d)["securityContext"].pop("seccompProfile"), "system call"),
    (lambda d: pod(d).pop("automountServiceAccountToken"), "token"),
    (lambda d: pod(d).update(hostNetwork=True), "node"),
    (lambda d: pod(d).pop("terminationGracePeriodSeconds"), "time to finish"),
    (lambda d: pod(d)["volumes"].append({"name": "x", "hostPath": {}}), "of the node"),
    (lambda d: pod(d)["volumes"][0]["secret"].pop("defaultMode"), "others may read"),
    (lambda d: pod(d)["volumes"][0]["secret"].update(defaultMode=0o444), "others may read"),
    (lambda d: pod(d)["volumes"][1]["emptyDir"].pop("sizeLimit"), "no limit"),
    (lambda d: pod(d)["volumes"][1]["emptyDir"].pop("medium"), "no file in memory"),
    (lambda d: first(d).pop("livenessProbe"), "/healthz"),
    (lambda d: first(d)["readinessProbe"]["httpGet"].update(path="/"), "/readyz"),
    (lambda d: first(d)["readinessProbe"]["httpGet"].update(port="other"), "/readyz"),
    (lambda d: first(d)["securityContext"].pop("readOnlyRootFilesystem"), "its own image"),
    (lambda d: first(d)["securityContext"].update(privileged=True), "become root"),
    (lambda d: first(d)["securityContext"]["capabilities"]["drop"].clear(), "capabilities"),
    (lambda d: first(d).update(image="profiles:latest"), "without a version"),
    (lambda d: first(d)["resources"].pop("limits"), "no limits"),
    (lambda d: first(d)["resources"]["requests"].pop("memory"), "no requests"),
    (lambda d: first(d).update(envFrom=[]), "from elsewhere"),
    (
        lambda d: first(d)["env"].append({"name": "PROFILES_MONGO_PASSWORD", "value": "x"}),
        "in the environment",
    ),
    (lambda d: first(d)["env"].append({"name": "X", "valueFrom": {}}), "in the environment"),
    (lambda d: first(d)["args"].append("--store=mongodb://u:p@h/d"), "among the arguments"),
    (lambda d: pod(d)["initContainers"][0].pop("securityContext"), "capabilities"),
]


@pytest.mark.parametrize(("spoil", "fault"), SPOILT, ids=[str(n) for n in range(len(SPOILT))])
def test_every_fault_is_found_out(spoil: Callable[[Document], object], fault: str) -> None:
    deployment = deepcopy(of_kind("process.yaml", "Deployment"))

    spoil(deployment)

    assert any(fault in found for found in faults_of(deployment))
