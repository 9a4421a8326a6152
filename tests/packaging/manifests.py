# SPDX-License-Identifier: MIT
#
# manifests.py FILE...   checks Kubernetes manifests, and prints for each container its commands:
#
#   wrong<TAB>FILE: what is wrong
#   run<TAB>NAME<TAB>UID<TAB>WHAT<TAB>WORDS          WHAT: args or readinessProbe; WORDS after the entry point
#   config<TAB>KEY<TAB>TEXT                          of a ConfigMap, line feeds as \n
#
# No cluster is asked, so the fields that we use are written down here, with their types.
import sys

import yaml

ENTRYPOINT = "/usr/bin/reqtime"
TEXT, BOOL, NUMBER, ANY = str, bool, int, object
NAMES = {"*": TEXT}
META = {"name": TEXT, "namespace": TEXT, "labels": NAMES}
SECURITY = {
    "runAsNonRoot": BOOL, "runAsUser": NUMBER, "runAsGroup": NUMBER, "readOnlyRootFilesystem": BOOL,
    "allowPrivilegeEscalation": BOOL, "capabilities": {"drop": [TEXT], "add": [TEXT]},
    "seccompProfile": {"type": TEXT},
}
PROBE = {
    "exec": {"command": [TEXT]}, "initialDelaySeconds": NUMBER, "periodSeconds": NUMBER,
    "timeoutSeconds": NUMBER, "failureThreshold": NUMBER,
}
CONTAINER = {
    "name": TEXT, "image": TEXT, "args": [TEXT], "command": [TEXT], "securityContext": SECURITY,
    "readinessProbe": PROBE, "livenessProbe": PROBE, "startupProbe": PROBE,
    "resources": {"requests": NAMES, "limits": NAMES},
    "volumeMounts": [{"name": TEXT, "mountPath": TEXT, "readOnly": BOOL, "subPath": TEXT}],
}
POD = {
    "automountServiceAccountToken": BOOL, "hostNetwork": BOOL, "dnsPolicy": TEXT, "hostPID": BOOL,
    "priorityClassName": TEXT, "restartPolicy": TEXT, "tolerations": [{"operator": TEXT}],
    "containers": [CONTAINER],
    "volumes": [{"name": TEXT, "configMap": {"name": TEXT}, "emptyDir": {"sizeLimit": TEXT}}],
}
TEMPLATE = {"metadata": {"labels": NAMES}, "spec": POD}
KINDS = {
    ("v1", "Namespace"): {},
    ("v1", "ConfigMap"): {"data": NAMES},
    ("apps/v1", "DaemonSet"): {"spec": {
        "selector": {"matchLabels": NAMES},
        "updateStrategy": {"rollingUpdate": {"maxUnavailable": TEXT}}, "template": TEMPLATE}},
    ("batch/v1", "CronJob"): {"spec": {
        "schedule": TEXT, "concurrencyPolicy": TEXT, "startingDeadlineSeconds": NUMBER,
        "successfulJobsHistoryLimit": NUMBER, "failedJobsHistoryLimit": NUMBER,
        "jobTemplate": {"spec": {
            "backoffLimit": NUMBER, "activeDeadlineSeconds": NUMBER, "template": TEMPLATE}}}},
}


def differences(value, shape, at):
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield at + ": not a mapping"
            return
        for key, inner in value.items():
            if key not in shape and "*" not in shape:
                yield at + "." + str(key) + ": unknown field"
            else:
                yield from differences(inner, shape.get(key, shape.get("*")), at + "." + str(key))
    elif isinstance(shape, list):
        if not isinstance(value, list) or not value:
            yield at + ": not a list"
            return
        for i, inner in enumerate(value):
            yield from differences(inner, shape[0], "%s[%d]" % (at, i))
    elif type(value) is not shape:
        yield "%s: %r is not %s" % (at, value, shape.__name__)


def pod_of(document):
    spec = document.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return spec.get("template", {})


def container_faults(container, pod):
    security = container.get("securityContext", {})
    capabilities = security.get("capabilities", {})
    if not security.get("runAsNonRoot") or not security.get("runAsUser"):
        yield "runs as root"
    if not security.get("readOnlyRootFilesystem"):
        yield "writes to its root"
    if capabilities.get("drop") != ["ALL"]:
        yield "keeps capabilities"
    if capabilities.get("add", ["SYS_TIME"]) != ["SYS_TIME"]:
        yield "adds capabilities"
    # A file capability and no_new_privs exclude each other.
    if security.get("allowPrivilegeEscalation") != ("add" in capabilities):
        yield "allowPrivilegeEscalation does not fit its capabilities"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if container.get("args", [""])[0] == "set" and "add" not in capabilities:
        yield "cannot set the clock"
    if "limits" not in container.get("resources", {}):
        yield "has no limits"
    volumes = {v["name"] for v in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield "mounts no volume: " + mount["name"]


def document_faults(document, others):
    shape = KINDS.get((document.get("apiVersion"), document.get("kind")))
    if shape is None:
        yield "unknown kind"
        return
    yield from differences(document, {"apiVersion": TEXT, "kind": TEXT, "metadata": META, **shape},
                           document["kind"])
    pod = pod_of(document)
    labels = pod.get("metadata", {}).get("labels", {})
    for key, value in document.get("spec", {}).get("selector", {}).get("matchLabels", {}).items():
        if labels.get(key) != value:
            yield "the selector does not match the template"
    namespace = document["metadata"].get("namespace")
    if namespace and ("Namespace", namespace) not in others:
        yield "no namespace " + namespace
    for volume in pod.get("spec", {}).get("volumes", []):
        if "configMap" in volume and ("ConfigMap", volume["configMap"]["name"]) not in others:
            yield "no ConfigMap " + volume["configMap"]["name"]
    for container in pod.get("spec", {}).get("containers", []):
        for fault in container_faults(container, pod["spec"]):
            yield container["name"] + " " + fault


def commands(document):
    for container in pod_of(document).get("spec", {}).get("containers", []):
        name = document["kind"] + "/" + container["name"]
        uid = str(container["securityContext"]["runAsUser"])
        yield name, uid, "args", container.get("args", [])
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            if probe in container:
                words = container[probe]["exec"]["command"]
                yield name, uid, probe, words[1:] if words[0] == ENTRYPOINT else ["not-" + ENTRYPOINT]


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            documents = list(yaml.safe_load_all(file))
        others = {(d["kind"], d["metadata"]["name"]) for d in documents}
        for document in documents:
            for fault in document_faults(document, others):
                print("wrong", path + ": " + fault, sep="\t")
            for name, uid, what, words in commands(document):
                print("run", name, uid, what, " ".join(words), sep="\t")
            if document["kind"] == "ConfigMap":
                for key, text in document["data"].items():
                    print("config", key, text.replace("\n", "\\n"), sep="\t")


main()
