"""What is wrong with a Deployment of Kubernetes that works with people's data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Document = Mapping[str, Any]

MAY_BE_SEEN: Final = re.compile(r"\$?\(?[A-Z_]*_FILE|HOME")
"""Names of variables that hold no secret: of files, and of a folder."""
_SECRET: Final = re.compile(r"password|secret|token|credential", re.IGNORECASE)
_QUANTITY: Final = re.compile(r"\d+(?:m|Mi|Gi)?")
_IMAGE: Final = re.compile(r"[a-z]+:\d+\.\d+\.\d+(?:@sha256:[0-9a-f]{64})?")


def faults_of(deployment: Document) -> list[str]:
    """Name every fault, by where it is."""
    return list(_faults(deployment))


def _faults(deployment: Document) -> Iterator[str]:
    spec = deployment["spec"]
    labels = spec["template"]["metadata"]["labels"]
    if spec["selector"].get("matchLabels") != labels:
        yield "selector: others than the pod's labels"
    pod = spec["template"]["spec"]
    yield from _faults_of_pod(pod)
    for container in pod["containers"]:
        yield from _faults_of_probes(container)
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        name = container["name"]
        yield from (f"{name}: {fault}" for fault in _faults_of_container(container, pod))


def _faults_of_pod(pod: Document) -> Iterator[str]:
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield "pod: may run as root"
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "pod: may use every system call"
    if pod.get("automountServiceAccountToken") is not False:
        yield "pod: has the token of a service account"
    if {"hostNetwork", "hostPID", "hostIPC"} & pod.keys():
        yield "pod: is not apart from its node"
    if "terminationGracePeriodSeconds" not in pod:
        yield "pod: has no time to finish the work in hand"
    for volume in pod.get("volumes", []):
        if "hostPath" in volume:
            yield f"volume {volume['name']}: of the node"
        if "secret" in volume and volume["secret"].get("defaultMode", 0o644) & 0o007:
            yield f"volume {volume['name']}: others may read it"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {volume['name']}: has no limit"


def _faults_of_probes(container: Document) -> Iterator[str]:
    ports = {port["name"] for port in container.get("ports", [])}
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        asked = container.get(probe, {}).get("httpGet", {})
        if asked.get("path") != path or asked.get("port") not in ports:
            yield f"{container['name']}: no {probe} at {path}"


def _faults_of_container(container: Document, pod: Document) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write its own image"
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "may become root"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "has capabilities"
    if not _IMAGE.fullmatch(container.get("image", "")):
        yield "image without a version"
    for kind in ("requests", "limits"):
        asked = container.get("resources", {}).get(kind, {})
        if not all(_QUANTITY.fullmatch(str(asked.get(what, ""))) for what in ("cpu", "memory")):
            yield f"no {kind} of processor and memory"
    yield from _faults_of_secrets(container, pod)


def _faults_of_secrets(container: Document, pod: Document) -> Iterator[str]:
    """Passwords are in files: not in the environment, and not among the arguments."""
    if "envFrom" in container:
        yield "takes its environment from elsewhere"
    folders = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
    in_memory = {
        volume["name"]
        for volume in pod.get("volumes", [])
        if volume.get("emptyDir", {}).get("medium") == "Memory"
    }
    for variable in container.get("env", []):
        name, value = variable["name"], variable.get("value")
        if "valueFrom" in variable or (_SECRET.search(name) and not MAY_BE_SEEN.fullmatch(name)):
            yield f"{name}: a secret in the environment"
        elif name.endswith("_FILE") and folders.get(value.rpartition("/")[0]) not in in_memory:
            yield f"{name}: no file in memory"
    for argument in [*container.get("command", []), *container.get("args", [])]:
        if re.search(r"//[^/@]*:[^/@]*@|password=", argument):
            yield "a password among the arguments"
